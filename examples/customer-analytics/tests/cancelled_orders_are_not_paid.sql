select order_id
from {{ ref('silver_orders') }}
where status = 'cancelled' and amount > 0
