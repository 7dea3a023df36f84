-- Name: neither bronze_, silver_ nor gold_.
select customer_id, full_name, email, country_code
from {{ source('shop', 'customers') }}
