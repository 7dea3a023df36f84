select
    cast(customer_id as integer) as customer_id,
    full_name,
    lower(email) as email,
    phone,
    country_code,
    cast(signed_up_at as timestamp) as signed_up_at
from {{ source('shop', 'customers') }}
