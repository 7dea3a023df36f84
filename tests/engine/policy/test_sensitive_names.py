"""floe's own list of names that look sensitive, tried on names as warehouses have them."""

from __future__ import annotations

import pytest

from floe_engine.policy.rules.classification import SensitiveNames
from tests.engine.policy.samples import columns, judge, model, platform, subjects

PERSONAL = """
email EMAIL e_mail customerEmail customer-email contact__email email_address2 EmailAddr guest_emails
payerEmailAddress phone phone_no mobilePhone work_telephone cell_phone_number fax_number home_fax msisdn
contact_mobile linkedin_profile twitter_handle whatsapp_number
ssn customer_ssn social_security_no SocialInsuranceNumber passport_number passportNo drivers_license
driver_licence_number national_id nationalId tax_id taxpayer_id identity_card
first_name FirstName lastname surname maiden_name middleName full_name cust_first_name username user_name
preferred_name guest_name employee_name patientName parent_name cardholder_name doctor_display_name
dob date_of_birth dateOfBirth birthdate birth_year birthday place_of_birth birth_city
address address_line_1 addressLine2 address1 home_address street_address shipping_address billingAddress
street street_name shipping_street residential_address mailing_address_line_2 zip zip_code zipcode
postal_code postalCode postcode latitude store_longitude lng gps_location
ip_address client_ip clientIp user_ip remote_ip_address ipv4_address mac_address imei idfa
gender customer_gender sex race ethnicity primary_ethnicity nationality religion marital_status
sexual_orientation disability political_affiliation
salary base_salary annualSalary household_income hourly_wage credit_score
iban credit_card_number cardNumber card_no cvv bank_account_number routing_number
password user_password passwd security_answer pin_code
diagnosis primary_diagnosis_code icd10_code mrn medical_record_number patient_id allergies blood_group
vaccination medication_name hiv_status
"""

HARMLESS = """
is_email has_email email_count num_phones phone_type email_domain email_hash hashed_email email_sha256
is_mobile mobile mobile_sessions device_mobile_ratio is_active email_verified email_opt_in phone_verified_at
has_passport ssn_hash credit_card_amount card_type payment_card_fee email_sent_at emails_sent
email_template_id email_campaign_name email_subject email_bounced phone_call_length average_salary
income_threshold password_version password_changed_at email_opened email_clicked
contract_address token_address wallet_address to_address bridge_address memory_address
headphones smartphone_model iphone_version voicemail_count
product_name event_name file_name table_name column_name layer_name campaign_name company_type
order_id amount status created_at updated_at currency country state city region language timezone
server_ip last_server_ip zip_file_count trace_id brace embrace_score raceway_length interest_rate sextant
description diagnostics_enabled agenda gender_count page_views session_id device_id store_id sku
quantity discount tax_amount tax_rate total_price shipping_cost shipping_method birth_rate
address_id address_type billing_address_state account_status ip_count
"""


@pytest.fixture(scope="module")
def looks() -> SensitiveNames:
    return SensitiveNames(platform().classification)


@pytest.mark.parametrize("name", PERSONAL.split())
def test_personal_names_are_seen_however_they_are_spelt(name: str, looks: SensitiveNames) -> None:
    assert looks.like(name) in ("pii", "phi")


@pytest.mark.parametrize("name", HARMLESS.split())
def test_names_that_only_sound_so_are_left_alone(name: str, looks: SensitiveNames) -> None:
    assert looks.like(name) is None


def test_many_names_at_once_look_like_what_each_looks_like_alone(looks: SensitiveNames) -> None:
    names = [*PERSONAL.split(), *HARMLESS.split(), "CONTACT_EMA\u0130L", "PA\u017fSPORT_NO"]
    assert looks.among(names) == {name: level for name in names if (level := looks.like(name))}
    assert looks.among([]) == {}


def test_a_platform_may_except_names_of_its_own() -> None:
    section = {
        "name_patterns": [{"pattern": "email", "level": "pii"}],
        "name_exceptions": ["^team_"],
    }
    on = platform(governance__classification=section)
    evaluation = judge(on, model("bronze_a", columns=columns("team_email", "TeamEmail", "my_email")))
    assert subjects(evaluation, "E242") == ["bronze_a.my_email"]


def test_patterns_of_ones_own_come_without_floes_exceptions() -> None:
    on = platform(governance__classification={"name_patterns": [{"pattern": "email", "level": "pii"}]})
    assert on.classification.name_exceptions == ()
    assert on.classification.name_defaults == 0
    assert subjects(judge(on, model("bronze_a", columns=columns("email_hash"))), "E242") == [
        "bronze_a.email_hash"
    ]
