-- Layers: gold selects from what is not even silver. Access: personal data, for everybody.
select customer_id, full_name, email
from {{ ref('stg_customers') }}
