"""Column names that look sensitive: floe's own list, used where a platform brings none.

A pattern is searched in the name as it is written and in its words (`floe_engine.text.as_words`), so that
``customerEmail``, ``CUSTOMER-EMAIL`` and ``customer__email`` are one. What an exception finds is
not meant by any pattern: whether there is an address is no address, and the hash of one is none
either. The list was measured on names of real projects; `VERSION` rises with each change, because
artifacts are compiled from it and those who read them should see why they changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

VERSION = 2

PATTERNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pii": (
            # how to reach somebody
            r"(^|_)[a-z]*e?_?mails?(_|$)",
            r"(^|_)[a-z]*(phone|telephone|cellphone|fax)s?(number|no|nr)?(_|$)",
            r"(^|_)mobile_?(number|no|nr|phone)(_|$)|_mobiles?(_[0-9]+)?$|(^|_)msisdn(_|$)",
            r"(^|_)(linkedin|skype|whatsapp|wechat)(_|$)|(^|_)(twitter|facebook|instagram|"
            r"telegram|social_media)_(handle|user|profile|account|url)",
            # who somebody is
            r"(^|_)(ssn|social_?(security|insurance)|national_?id(entity|entification)?|nino|"
            r"aadhaar|cpf|curp|passport|tax_?(payer_?)?ids?|drivers?_?licen[cs]e|id_?card|"
            r"identity_?(card|document))(_|$)",
            r"(^|_)(first|last|full|middle|sur|maiden|given|family|legal|fore|nick|user|preferred|"
            r"formatted|real|christian)_?names?(_|$)",
            r"(^|_)(person|people|customer|patient|student|pupil|employee|worker|staff|teacher|"
            r"contact|parent|guardian|mother|father|spouse|child|author|reporter|cardholder|"
            r"holder|recipient|applicant|candidate|member|passenger|guest|resident|subscriber|"
            r"beneficiary|doctor|physician|driver|borrower|tenant|payee|"
            r"payer)s?_(display_)?name(_|$)",
            r"(^|_)(mother|father|guardian|spouse)(_[0-9]+)?$",
            r"(^|_)(dob|dt_birth|date_?of_?birth|birth_?(date|day|year|month|loc|location|place|"
            r"country|city)|year_of_birth|place_of_birth|[a-z]*birth(date|day|year|place))(_|$)",
            # where somebody is
            r"(^|_)(street|home|postal|mailing|billing|shipping|delivery|residential|residence|"
            r"permanent|invitee|property|practice|legal|personal|private|student|customer|"
            r"employee|patient|guest)_?(street_?)?address(es)?(_|$)",
            r"^address$|(^|_)address_?(home|street|lines?|(line_?)?([0-9]|one|two|three))(_|$)|(^|"
            r"_)[a-z]*street(_?(name|address|line|number|no))?(_[0-9])?$",
            r"(^|_)(zip|zip_?code|postal_?code|post_?code|postcode)(_[0-9])?$",
            r"(^|_)(latitude|longitude|geo_?location|gps_?(coordinates?|location|lat|lon|lng))(_|"
            r"$)|(^|_)(lat|lng)$",
            r"(^|_)ip_?(v[46]_?)?addr(ess)?(_|$)|(^|_)(client|peer|user|remote|visitor|customer|"
            r"request|by|passed|login|sign_in|viewer|guest)_ip(_v[46])?$|(^|_)(mac_?addr(ess)?|"
            r"imei|imsi|idfa|gaid|advertising_?id)(_|$)",
            # what somebody is, and earns
            r"(^|_)([a-z]*gender|sex|sexual_?orientation|(other)?race|[a-z]*ethnic(ity|ities)?|"
            r"raceethnicity|nationalit(y|ies)|religions?|marital_?(status)?|disab(l|ilit(y|ies))|"
            r"pregnan(t|cy)|political_?(party|view|affiliation)s?|union_member(ship)?)(_|$)",
            r"(^|_)iep(_|$)|(^|_)lunch_?status(_|$)",
            r"(^|_)(salary|salaries|income|wages?|credit_?score|net_?worth)(_|$)",
            # what opens their accounts
            r"(^|_)(iban|(credit|debit|payment)?_?card_?(number|no|num|nr)|credit_?card|"
            r"debit_?card|pan_number|cvv|cvc|bank_?account(_?(number|no))?|account_?(iban)|"
            r"routing_?number|sort_?code)(_|$)",
            r"(^|_)(password|passwd|pass_?phrase|pin_?code|security_?(question|answer))s?(_|$)",
        ),
        "phi": (
            r"(^|_)(diagnos(is|es)|icd_?(9|10|11)?(_?(cm|pcs))?_?(code)?|medical_?(record|history|"
            r"condition)(_?(number|no))?|mrn|patient_?(id|no|number)|health_?(record|plan_?id|"
            r"condition)|medications?|prescriptions?|allerg(y|ies)|blood_?(type|group)|"
            r"hiv(_status)?|vaccin(e|ation)s?|immuni[sz]ations?)(_|$)",
        ),
    }
)
"""Level → expressions for names that look like it; used where the level exists."""

EXCEPTIONS: tuple[str, ...] = (
    # whether, not what
    r"(^|_)consent$|^(is|has|had|was|can|should|do_not|ever|never|allow|enable|enabled|show|hide|"
    r"no|invalid|valid|missing|require|requires|include|generate|change|send)_|(^|_)is_|hasopted|"
    r"isdefault|(^|_)(flag|indicator|opted|opt_?(in|out|ed)|optout|optin|verified|confirmed|"
    r"enabled|disabled|allowed|required|preference|only|available)(_|$)",
    # how many or how much
    r"^(num|n|number_of|count|cnt|pct|percent|total|avg|average|median|sum|nb)_|(^|_)(count|cnt|"
    r"amount|price|fee|usage|length|percent|pct|ratio|rank|threshold|increase|quota)(_|$)",
    # no longer readable
    r"(^|_)(hash|hashed|sha|sha_?[0-9]+|md_?5|masked|mask|encrypted|tokeni[sz]ed?|anonymi[sz]ed|"
    r"redacted|pseudonymi[sz]ed|fingerprint)(_|$)",
    # about the thing, not the thing
    r"(^|_)(domain|types?|template|campaign|subject|body|version|format|extension|access|item_id|"
    r"category|explanation|reason|notification|settings?|feature|scope|attribute|poa|screen|call|"
    r"calls|effective_date|effective_start|datetime|timestamp|ts|updated|created|modified|changed|"
    r"synced|sent|opened|clicked|bounced|delivered|server|neighbor|provider|model|brand|os|"
    r"carrier|func|interview|law|expir[a-z]*|program|programs|affix|qualification)(_|$)|_at$|_on$|"
    r"(^|_)user_ids?$",
    r"(^|_)(address|mail|email|mailing|billing|shipping)_(state|country|county|city|province|"
    r"region|id|key|name_code|validation)(_|$)",
    # other things with such names
    r"(^|_)(i|micro|head|smart|saxo|mega|xylo|gramo)phones?(_|$)|(^|_)(voice|chain|black|air)mail(_|"
    r"$)",
)
"""Expressions for names that only sound so."""
