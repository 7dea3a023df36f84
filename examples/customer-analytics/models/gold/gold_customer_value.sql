select
    customers.customer_id,
    customers.country,
    min(orders.ordered_on) as first_ordered_on,
    count(*) as orders,
    cast(sum(orders.amount) as decimal(12, 2)) as amount
from {{ ref('silver_customers') }} as customers
inner join {{ ref('silver_orders') }} as orders using (customer_id)
where orders.status = 'completed'
group by customers.customer_id, customers.country
