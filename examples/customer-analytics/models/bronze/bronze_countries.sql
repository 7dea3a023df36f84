select country_code, country, currency
from {{ ref('countries') }}
