with paid as (

    select order_id, sum(amount_cents) as amount_cents
    from {{ ref('bronze_payments') }}
    group by order_id

)

select
    orders.order_id,
    orders.customer_id,
    cast(orders.ordered_at as date) as ordered_on,
    orders.status,
    cast(coalesce(paid.amount_cents, 0) / 100.0 as decimal(12, 2)) as amount
from {{ ref('bronze_orders') }} as orders
left join paid using (order_id)
