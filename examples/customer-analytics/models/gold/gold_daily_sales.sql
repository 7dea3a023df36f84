select
    ordered_on as day,
    count(*) as orders,
    cast(sum(amount) as decimal(12, 2)) as amount
from {{ ref('silver_orders') }}
where status = 'completed'
group by ordered_on
