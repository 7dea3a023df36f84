-- No properties file describes this model.
select ordered_on, count(*) as orders
from {{ ref('silver_orders') }}
group by ordered_on
