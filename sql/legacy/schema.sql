-- A utility billing system as one finds them: grown over decades, in part modelled on SAP IS-U.
--
-- Dates are CHAR(8): '99991231' is an open end, '00000000' is none. Codes are padded with blanks. Amounts
-- are debit-positive: what the customer owes. A reading is split into the digits before and after the
-- point. Things change in time slices, and only the slice that ends on 99991231 holds today.
--
-- recorded_at says when a row reached this system; rows of the generator and the guides are old.
--
-- Keys and indexes stand in constraints.sql, and are built once the rows are in.

CREATE SCHEMA legacy;

CREATE TABLE legacy.party (
    party_id        bigint NOT NULL,
    party_type      char(2) NOT NULL,
    title           varchar(20),
    first_name      varchar(80),
    last_name       varchar(80),
    name_suffix     varchar(20),
    salutation      varchar(80),
    birth_date      char(8),
    died            char(1)
);
COMMENT ON TABLE legacy.party IS 'People (PE) and organisations (OR).';
COMMENT ON COLUMN legacy.party.died IS 'A death that is reported (R) or confirmed (C).';

CREATE TABLE legacy.party_contact (
    contact_id      bigint NOT NULL,
    party_id        bigint NOT NULL,
    kind            char(4) NOT NULL,
    value           varchar(120) NOT NULL,
    valid_from      char(8) NOT NULL,
    valid_to        char(8) NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT timestamptz '2020-01-01 00:00+00'
);
COMMENT ON TABLE legacy.party_contact IS 'EML, EM2 (further addresses), MOB, TEL and ALT, in time slices. Nothing stops two slices of a kind from holding at once.';

CREATE TABLE legacy.party_preference (
    party_id        bigint NOT NULL,
    preference      char(4) NOT NULL,
    flag            char(1) NOT NULL
);
COMMENT ON TABLE legacy.party_preference IS 'Consents: SMS, RECO, UPDT, THRD, OFFR, PSRC.';

CREATE TABLE legacy.party_detail (
    detail_id       bigint NOT NULL,
    party_id        bigint NOT NULL,
    kind            char(8) NOT NULL,
    value           varchar(60) NOT NULL
);
COMMENT ON TABLE legacy.party_detail IS
    'Of people, US: USERID, MIDDLE, SUFFIX, TAXID, DLNUM, DLSTATE, EXPPIN; PT: APELIDO1, APELIDO2, NIF.';

CREATE TABLE legacy.priority_service (
    priority_service_id bigint NOT NULL,
    party_id        bigint NOT NULL,
    fuel            char(1) NOT NULL,
    need_code       char(2) NOT NULL,
    valid_from      char(8) NOT NULL,
    removed_on      char(8)
);
COMMENT ON TABLE legacy.priority_service IS 'Needs on the priority services register.';
COMMENT ON COLUMN legacy.priority_service.removed_on IS 'First day on which it is not on the register any more.';

CREATE TABLE legacy.address (
    address_id      bigint NOT NULL,
    line1           varchar(80),
    line2           varchar(80),
    line3           varchar(80),
    line4           varchar(80),
    line5           varchar(80),
    postcode        char(10),
    country         char(2) NOT NULL,
    state           char(4),
    locality        varchar(60),
    house_number    varchar(10),
    street_name     varchar(60),
    street_type     char(4),
    unit_type       char(4),
    unit_number     varchar(10),
    building_name   varchar(60),
    delivery_point  char(8),
    floor           varchar(10),
    door            varchar(10),
    direction       varchar(10),
    sublocality     varchar(60),
    sorting_code    varchar(10),
    delivery_type   varchar(20),
    delivery_number varchar(10)
);
COMMENT ON TABLE legacy.address IS 'Addresses: in lines for GB, in parts for AU and PT, one line and a city for US.';
COMMENT ON COLUMN legacy.address.direction IS 'Side of the landing that the door is on (PT).';
COMMENT ON COLUMN legacy.address.delivery_type IS 'What post is delivered to other than a street, such as PO BOX (AU).';

CREATE TABLE legacy.account (
    account_id          bigint NOT NULL,
    account_number      varchar(30) NOT NULL,
    market              char(2) NOT NULL,
    data_origin         char(3) NOT NULL,
    account_class       char(4) NOT NULL,
    unknown_occupier    char(1) NOT NULL,
    billing_name        varchar(120),
    billing_address_id  bigint,
    sales_channel       char(4) NOT NULL,
    sales_subchannel    varchar(40),
    read_frequency      char(2),
    read_day            smallint,
    communication       char(1),
    accessibility       char(2),
    balance             numeric NOT NULL,
    last_billed_to      char(8) NOT NULL,
    payment_reviewed_on char(8) NOT NULL,
    next_bill_due_on    char(8) NOT NULL,
    operations_team     char(2),
    billing_email       varchar(120),
    affiliate           varchar(60)
);
COMMENT ON TABLE legacy.account IS
    'Contract accounts. data_origin: GEN generated; PRE and SUC, who had its supply points before it and have them after it; GDE out of a guide.';
COMMENT ON COLUMN legacy.account.balance IS 'What the customer owes (debit-positive).';
COMMENT ON COLUMN legacy.account.operations_team IS 'Team that looks after the account (GB, PT).';
COMMENT ON COLUMN legacy.account.unknown_occupier IS
    'GB: X where the occupier is unknown, N where known; blank where it was never recorded.';
COMMENT ON COLUMN legacy.account.billing_email IS 'Where bills go to instead of to the customers (GB).';
COMMENT ON COLUMN legacy.account.affiliate IS 'Site that won the customer (GB).';

CREATE TABLE legacy.business (
    account_id      bigint NOT NULL,
    kind            char(4),
    company_name    varchar(120),
    company_number  varchar(20),
    segment         varchar(40),
    billing_period  char(1),
    billing_day     smallint
);
COMMENT ON TABLE legacy.business IS 'Businesses that have an account (GB).';
COMMENT ON COLUMN legacy.business.billing_period IS 'M monthly, Q quarterly, from billing_day on.';

CREATE TABLE legacy.business_detail (
    business_detail_id bigint NOT NULL,
    account_id      bigint NOT NULL,
    name            char(4) NOT NULL,
    value           jsonb NOT NULL
);
COMMENT ON TABLE legacy.business_detail IS 'Of businesses: VAT, SIC, CHY (number of a charity), OFG (label of protection).';

CREATE TABLE legacy.account_role (
    account_id      bigint NOT NULL,
    party_id        bigint NOT NULL,
    role            char(3) NOT NULL,
    position        smallint NOT NULL,
    valid_to        char(8) NOT NULL
);
COMMENT ON TABLE legacy.account_role IS 'Who holds an account (HLD).';

CREATE TABLE legacy.premise (
    premise_id      bigint NOT NULL,
    address_id      bigint NOT NULL
);
COMMENT ON TABLE legacy.premise IS 'Supplied properties.';

CREATE TABLE legacy.premise_detail (
    premise_id      bigint NOT NULL,
    site_number     varchar(30) NOT NULL,
    directions      varchar(200),
    property_kind   char(4),
    building_kind   char(4),
    entry           varchar(200)
);
COMMENT ON TABLE legacy.premise_detail IS 'US: how crews find a property, and get in.';

CREATE TABLE legacy.occupancy (
    occupancy_id    bigint NOT NULL,
    account_id      bigint NOT NULL,
    premise_id      bigint NOT NULL,
    moved_in        char(8) NOT NULL,
    moved_out       char(8) NOT NULL,
    landlord        char(1) NOT NULL
);
COMMENT ON TABLE legacy.occupancy IS 'Which account has which property, in time slices.';
COMMENT ON COLUMN legacy.occupancy.landlord IS
    'GB: whether the customer lets the property (X), or not (N); blank where it was never said.';

CREATE TABLE legacy.premise_administrator (
    premise_id      bigint NOT NULL,
    party_id        bigint NOT NULL
);
COMMENT ON TABLE legacy.premise_administrator IS 'Who looks after a property. Loose: the party may be gone.';

CREATE TABLE legacy.supply_point (
    supply_point_id bigint NOT NULL,
    premise_id      bigint,
    market          char(2) NOT NULL,
    data_origin     char(3) NOT NULL,
    identifier      varchar(20) NOT NULL,
    fuel            char(2) NOT NULL,
    supplier_mpid   char(4),
    shipper_mpid    char(4),
    profile_class   smallint,
    ssc             char(4),
    transfer_flag   char(1) NOT NULL,
    dispute_flag    char(1) NOT NULL,
    substation      varchar(12),
    critical_load   char(1),
    operating_company char(4),
    load_zone       varchar(12),
    load_profile    varchar(12),
    network_area    char(2),
    measurement_class char(1),
    export_kind     char(2),
    deenergised     char(1)
);
COMMENT ON TABLE legacy.supply_point IS 'MPANs, MPRNs, NMIs, CPEs, CUIs and US supply points.';
COMMENT ON COLUMN legacy.supply_point.critical_load IS
    'AU: whether a life depends on the supply (X), or not (N); blank where it was never asked.';
COMMENT ON COLUMN legacy.supply_point.deenergised IS 'GB electricity: X while nothing flows; empty is not known.';
COMMENT ON COLUMN legacy.supply_point.measurement_class IS
    'GB electricity: A and B settle non-half-hourly, C to G half-hourly; B and D have no meter.';
COMMENT ON COLUMN legacy.supply_point.export_kind IS
    'GB: the meter exports alone (EX) or imports too, at a point of its own (IE); empty for import.';
COMMENT ON COLUMN legacy.supply_point.network_area IS
    'Area of an Australian network. NO: it keeps notifications only; SO: it keeps accounts; empty: both.';

CREATE TABLE legacy.supply (
    occupancy_id    bigint NOT NULL,
    supply_point_id bigint NOT NULL,
    starts_on       char(8) NOT NULL,
    ends_on         char(8) NOT NULL,
    billed_to       char(8)
);
COMMENT ON TABLE legacy.supply IS
    'At which supply points of its property an account is supplied, from its first day there to its last (99991231: still).';
COMMENT ON COLUMN legacy.supply.billed_to IS
    'US bills by supply point, the other markets by account: GB fills it where a supply point is billed to another day.';

CREATE TABLE legacy.service_drop (
    service_drop_id bigint NOT NULL,
    supply_point_id bigint NOT NULL,
    number          varchar(30) NOT NULL,
    line_style      char(1),
    voltage         varchar(20),
    metering        char(1)
);
COMMENT ON TABLE legacy.service_drop IS 'US: lines from the network to a property, underground (U) or overhead (O).';

CREATE TABLE legacy.smart_interest (
    supply_point_id bigint NOT NULL,
    account_id      bigint NOT NULL,
    interest        char(5) NOT NULL,
    stated_on       char(8) NOT NULL,
    reason          char(6),
    source          char(3)
);
COMMENT ON TABLE legacy.smart_interest IS 'What each customer of a supply point said to a smart meter.';

CREATE TABLE legacy.tariff (
    tariff_code     varchar(20) NOT NULL,
    fuel            char(1) NOT NULL,
    description     varchar(80) NOT NULL
);
COMMENT ON TABLE legacy.tariff IS 'Tariffs on sale.';

CREATE TABLE legacy.contract (
    contract_id     bigint NOT NULL,
    account_id      bigint NOT NULL,
    supply_point_id bigint NOT NULL,
    tariff_code     varchar(20) NOT NULL,
    starts_on       char(8) NOT NULL,
    ends_on         char(8) NOT NULL,
    broker          varchar(20)
);
COMMENT ON COLUMN legacy.contract.broker IS 'GB: the business that brought the contract and stands between, if there is one.';
COMMENT ON TABLE legacy.contract IS 'Supply contracts of an account at a supply point. Loose: old tariff codes are no longer in tariff.';

CREATE TABLE legacy.contract_option (
    option_id       bigint NOT NULL,
    contract_id     bigint NOT NULL,
    account_id      bigint NOT NULL,
    supply_point_id bigint NOT NULL,
    code            varchar(30) NOT NULL,
    value           varchar(30) NOT NULL
);
COMMENT ON TABLE legacy.contract_option IS 'US: choices within a tariff. Loose: contracts were purged, their options were not.';

CREATE TABLE legacy.meter (
    meter_id        bigint NOT NULL,
    supply_point_id bigint NOT NULL,
    serial_number   varchar(20),
    installed_on    char(8) NOT NULL,
    removed_on      char(8) NOT NULL,
    digits          smallint NOT NULL,
    generation      char(2),
    prepay          char(1)
);
COMMENT ON TABLE legacy.meter IS 'Meters; the one in place has removed_on 99991231.';

CREATE TABLE legacy.meter_detail (
    meter_id        bigint NOT NULL,
    active_since    timestamptz NOT NULL,
    status          char(4) NOT NULL,
    service         char(4) NOT NULL,
    volts           smallint,
    amperes         smallint,
    phases          char(1),
    retrieval       varchar(10),
    model           varchar(30),
    manufacturer    varchar(30),
    smart_kind      varchar(10),
    net_metered     char(1)
);
COMMENT ON TABLE legacy.meter_detail IS 'US: what the meter shop knows of a meter.';
COMMENT ON COLUMN legacy.meter_detail.net_metered IS
    'Whether what is fed in is deducted (X), or not (N); blank where the shop does not know.';

CREATE TABLE legacy.prepay_balance (
    meter_id        bigint NOT NULL,
    account_id      bigint NOT NULL,
    debt            numeric NOT NULL,
    credit          numeric NOT NULL,
    vend_read_on    char(8) NOT NULL,
    weekly_min      numeric,
    weekly_max      numeric,
    customer_reference varchar(20)
);
COMMENT ON TABLE legacy.prepay_balance IS 'What stands, or stood last, on a prepay meter for each of its customers.';

CREATE TABLE legacy.register (
    register_id     bigint NOT NULL,
    meter_id        bigint NOT NULL,
    code            char(2) NOT NULL,
    tpr             char(5),
    digits          smallint NOT NULL,
    settlement      char(1),
    kind            char(2),
    multiplier      numeric
);
COMMENT ON TABLE legacy.register IS 'Registers of electricity meters. US: kind KI counts import, KE export.';

CREATE TABLE legacy.reading (
    reading_id      bigint NOT NULL,
    meter_id        bigint NOT NULL,
    register_code   char(2),
    read_on         char(8) NOT NULL,
    value_whole     bigint NOT NULL,
    value_decimals  char(2) NOT NULL,
    kind            char(2) NOT NULL,
    billed          char(1) NOT NULL,
    closing         char(1) NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT timestamptz '2020-01-01 00:00+00'
);
COMMENT ON TABLE legacy.reading IS
    'Readings in two columns; closing X is the last of a customer, on the day of the transfer or of moving out. Loose: no key to register.';

CREATE TABLE legacy.consumption (
    consumption_id  bigint NOT NULL,
    supply_point_id bigint NOT NULL,
    kind            char(3) NOT NULL,
    tpr             char(5),
    kwh             numeric NOT NULL,
    valid_from      char(8) NOT NULL,
    valid_to        char(8) NOT NULL,
    source          char(5)
);
COMMENT ON TABLE legacy.consumption IS 'Estimated annual consumption (EAC) and annual quantity (AQ), in time slices.';

CREATE TABLE legacy.ledger (
    ledger_id           bigint NOT NULL,
    account_id          bigint NOT NULL,
    statement_closed_on char(8) NOT NULL,
    statement_issued_on char(8) NOT NULL,
    statement_balance   numeric NOT NULL,
    balance             numeric NOT NULL,
    kind                char(4),
    document_kind       char(2),
    printed_balance     varchar(20)
);
COMMENT ON TABLE legacy.ledger IS 'Ledgers; balances are debit-positive.';
COMMENT ON COLUMN legacy.ledger.kind IS
    'Which ledger of the account. GB: empty for the only one; ACCT for accounts that keep their bookings themselves.';
COMMENT ON COLUMN legacy.ledger.printed_balance IS
    'US: the balance as printed for the customer: text, in which a comma may have been typed.';

CREATE TABLE legacy.billing_document (
    billing_document_id bigint NOT NULL,
    ledger_id       bigint NOT NULL,
    number          varchar(20) NOT NULL,
    kind            char(2) NOT NULL,
    issued_on       char(8) NOT NULL
);
COMMENT ON TABLE legacy.billing_document IS 'US: bills that group the bookings of a ledger.';

CREATE TABLE legacy.ledger_transaction (
    transaction_id  bigint NOT NULL,
    ledger_id       bigint NOT NULL,
    document_number varchar(20) NOT NULL,
    posted_on       char(8) NOT NULL,
    amount          numeric NOT NULL,
    kind            char(2) NOT NULL,
    reason          char(4),
    payment_type    varchar(30),
    billed          char(1) NOT NULL,
    billing_document_id bigint,
    recorded_at     timestamptz NOT NULL DEFAULT timestamptz '2020-01-01 00:00+00',
    prepay_serial   varchar(20)
);
COMMENT ON TABLE legacy.ledger_transaction IS
    'Bookings, debit-positive. billed X: on a statement already, in the US on the billing document that is named, if any.';
COMMENT ON COLUMN legacy.ledger_transaction.kind IS
    '10 charge, 20 payment, 30 credit, 40 repayment. What reverses a booking has its kind, and the other sign.';
COMMENT ON COLUMN legacy.ledger_transaction.prepay_serial IS
    'GB: the prepay meter that it was sent to, as a vend is. Loose, and in no balance.';

CREATE TABLE legacy.statement (
    statement_id    bigint NOT NULL,
    account_id      bigint NOT NULL,
    number          varchar(20) NOT NULL,
    period_from     char(8) NOT NULL,
    period_to       char(8) NOT NULL,
    path            varchar(120)
);
COMMENT ON TABLE legacy.statement IS 'Bills that were sent.';

CREATE TABLE legacy.payment_schedule (
    schedule_id         bigint NOT NULL,
    account_id          bigint NOT NULL,
    amount              numeric,
    day_of_month        smallint,
    frequency           char(1),
    means               char(1) NOT NULL,
    starts_on           char(8) NOT NULL,
    debt_plan           char(1),
    debt_element        numeric,
    debt_plan_ends_on   char(8),
    ends_on             char(8),
    due_by              char(1),
    ledger_kind         char(4),
    threshold           numeric,
    delay_kind          char(1),
    delay_days          smallint,
    review_exempt       char(1)
);
COMMENT ON TABLE legacy.payment_schedule IS 'Regular payments, past ones too.';
COMMENT ON COLUMN legacy.payment_schedule.due_by IS
    'R or empty: due on its day; B: whenever a bill is made, of which it takes the amount; S: below the threshold.';
COMMENT ON COLUMN legacy.payment_schedule.threshold IS 'Balance below which a payment is due, credits positive.';
COMMENT ON COLUMN legacy.payment_schedule.delay_kind IS 'How days after a bill are counted: all (F) or working days (W).';
COMMENT ON COLUMN legacy.payment_schedule.review_exempt IS 'X: reviews of payments leave it as it is.';
COMMENT ON COLUMN legacy.payment_schedule.ledger_kind IS 'Kind of the ledger that is paid, where an account has several.';

CREATE TABLE legacy.mandate (
    mandate_id          bigint NOT NULL,
    account_id          bigint NOT NULL,
    kind                char(1) NOT NULL,
    vendor              varchar(40) NOT NULL,
    reference           varchar(40) NOT NULL,
    customer_reference  varchar(40),
    valid_from          char(8) NOT NULL,
    ended_on            char(8) NOT NULL,
    in_use              char(1),
    ledger_kind         char(4)
);
COMMENT ON TABLE legacy.mandate IS
    'GB: what customers allow to be collected, by direct debit (D) or from a card (K); ended_on 99991231: still.';
COMMENT ON COLUMN legacy.mandate.in_use IS 'Whether regular payments are taken with it.';
COMMENT ON COLUMN legacy.mandate.ledger_kind IS 'Kind of the ledger that is paid, where an account has several.';

CREATE TABLE legacy.note (
    note_id         bigint NOT NULL,
    account_id      bigint NOT NULL,
    written_at      timestamptz NOT NULL,
    body            text NOT NULL,
    pinned          char(1),
    unpin_at        timestamptz
);
COMMENT ON TABLE legacy.note IS 'Notes that agents wrote.';

CREATE TABLE legacy.document (
    document_id     bigint NOT NULL,
    note_id         bigint NOT NULL,
    path            varchar(200) NOT NULL
);
COMMENT ON TABLE legacy.document IS 'Attachments of notes.';

CREATE TABLE legacy.debt (
    debt_id         bigint NOT NULL,
    account_id      bigint NOT NULL,
    agency          varchar(80),
    placed_on       char(8) NOT NULL,
    insolvent       char(1) NOT NULL
);
COMMENT ON TABLE legacy.debt IS 'Debts; agency and placed_on are empty where none collects it.';

CREATE TABLE legacy.debt_item (
    debt_item_id    bigint NOT NULL,
    debt_id         bigint NOT NULL,
    amount          numeric NOT NULL,
    due_on          char(8) NOT NULL
);
COMMENT ON TABLE legacy.debt_item IS 'Parts of a debt.';

CREATE TABLE legacy.dunning (
    account_id      bigint NOT NULL,
    path            varchar(40) NOT NULL,
    started_on      char(8) NOT NULL
);
COMMENT ON TABLE legacy.dunning IS 'Collections.';

CREATE TABLE legacy.warm_home_discount (
    discount_id     bigint NOT NULL,
    account_id      bigint NOT NULL,
    tax_year        char(7) NOT NULL,
    account_kind    char(2) NOT NULL,
    discount_group  char(1) NOT NULL
);
COMMENT ON TABLE legacy.warm_home_discount IS 'Warm home discounts.';

CREATE TABLE legacy.external_reference (
    reference_id    bigint NOT NULL,
    account_id      bigint NOT NULL,
    namespace       varchar(60) NOT NULL,
    value           varchar(60) NOT NULL
);
COMMENT ON TABLE legacy.external_reference IS 'What other systems call the account.';

CREATE TABLE legacy.campaign_member (
    member_id       bigint NOT NULL,
    account_id      bigint NOT NULL,
    slug            varchar(40) NOT NULL,
    note            varchar(80),
    starts_on       char(8),
    ends_on         char(8)
);
COMMENT ON TABLE legacy.campaign_member IS 'Campaigns, from their first day to their last.';

CREATE TABLE legacy.account_attribute (
    attribute_id    bigint NOT NULL,
    account_id      bigint NOT NULL,
    name            varchar(60) NOT NULL,
    value           jsonb NOT NULL
);
COMMENT ON TABLE legacy.account_attribute IS 'Whatever had no column.';

CREATE TABLE legacy.details_notification (
    notification_id bigint NOT NULL,
    supply_point_id bigint NOT NULL,
    made_on         char(8) NOT NULL,
    made_at         char(6) NOT NULL,
    movement        char(3) NOT NULL,
    title           varchar(20),
    first_name      varchar(80),
    last_name       varchar(80),
    name_suffix     varchar(20),
    name_kind       char(1),
    email           varchar(120),
    address_id      bigint NOT NULL
);
COMMENT ON TABLE legacy.details_notification IS 'Customer details notifications of a network. made_on and made_at are local time.';

CREATE TABLE legacy.notification_phone (
    phone_id        bigint NOT NULL,
    notification_id bigint NOT NULL,
    number          varchar(40) NOT NULL,
    service         char(2) NOT NULL,
    prefix          varchar(6)
);
COMMENT ON TABLE legacy.notification_phone IS 'Telephones of an outage contact.';

CREATE TABLE legacy.migration_hold (
    account_number  varchar(30) NOT NULL,
    held_at         timestamptz NOT NULL
);
COMMENT ON TABLE legacy.migration_hold IS
    'Accounts that must not change while they migrate. Written only by the migration, where it may.';
