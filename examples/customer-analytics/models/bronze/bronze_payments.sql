select
    cast(payment_id as integer) as payment_id,
    cast(order_id as integer) as order_id,
    method,
    cast(amount_cents as integer) as amount_cents,
    cast(paid_at as timestamp) as paid_at
from {{ source('shop', 'payments') }}
