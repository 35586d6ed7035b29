-- EXTERNAL-TEST001, the customer of the published guide.

INSERT INTO legacy.tariff VALUES ('TEST001', 'E', 'Electricity of the guide');

INSERT INTO legacy.party (party_id, party_type, first_name, last_name) VALUES (-200, 'PE', 'Duarte', 'Abreu Rodrigues');
INSERT INTO legacy.party_contact VALUES
    (-201, -200, 'EML', 'duarte@example.org', '20230101', '99991231'),
    (-200, -200, 'MOB', '600000000', '20230101', '99991231');
INSERT INTO legacy.party_detail VALUES
    (-202, -200, 'APELIDO1', 'Abreu'), (-201, -200, 'APELIDO2', 'Rodrigues'), (-200, -200, 'NIF', '234254718');
INSERT INTO legacy.address (
    address_id, postcode, country, locality, house_number, street_name, street_type, floor, door, direction
) VALUES (-200, '1000-001', 'PT', 'Lisboa', '1', 'Gomes Freire', 'R', '1º', 'B', 'esq');
INSERT INTO legacy.account (
    account_id, account_number, market, data_origin, account_class, unknown_occupier, billing_address_id,
    sales_channel, balance, last_billed_to, payment_reviewed_on, next_bill_due_on, operations_team
) VALUES (
    -200, 'EXTERNAL-TEST001', 'PT', 'GDE', 'DOM', ' ', -200, 'DIR', 0, '00000000', '00000000', '00000000', 'A'
);
INSERT INTO legacy.account_role VALUES (-200, -200, 'HLD', 1, '99991231');
INSERT INTO legacy.premise VALUES (-200, -200);
INSERT INTO legacy.occupancy VALUES (-200, -200, -200, '20230101', '99991231', ' ');
INSERT INTO legacy.supply_point (
    supply_point_id, premise_id, market, data_origin, identifier, fuel, transfer_flag, dispute_flag
) VALUES (-200, -200, 'PT', 'GDE', 'PT0000000000000001TR', 'E', ' ', ' ');
INSERT INTO legacy.supply VALUES (-200, -200, '20230101', '99991231');
INSERT INTO legacy.contract VALUES (-200, -200, -200, 'TEST001', '20250101', '20261231');
