select
    customers.customer_id,
    customers.full_name,
    customers.email,
    countries.country,
    cast(customers.signed_up_at as date) as signed_up_on
from {{ ref('bronze_customers') }} as customers
left join {{ ref('bronze_countries') }} as countries using (country_code)
