-- 8888888889, the customer of the published guide.

INSERT INTO legacy.tariff VALUES ('GUIDE-R1', 'E', 'Electricity of the US guide');

INSERT INTO legacy.party VALUES (-100, 'PE', NULL, 'Sarah', 'Johnson', NULL, NULL, '19880808');
INSERT INTO legacy.party_contact VALUES
    (-103, -100, 'EML', 'some.email@example.com', '20250301', '99991231'),
    (-102, -100, 'MOB', '+15066585252', '20250301', '99991231'),
    (-101, -100, 'MOB', '+15066585250', '20250101', '99991231'),
    (-100, -100, 'ALT', '+15066585251', '20250301', '99991231');
INSERT INTO legacy.party_preference VALUES (-100, 'UPDT', 'X'), (-100, 'OFFR', 'X'), (-100, 'SMS', 'X');
INSERT INTO legacy.party_detail VALUES
    (-106, -100, 'USERID', '8888888889'),
    (-105, -100, 'MIDDLE', 'F'),
    (-104, -100, 'SUFFIX', 'Jr'),
    (-103, -100, 'TAXID', '012345678'),
    (-102, -100, 'DLNUM', '0123456789'),
    (-101, -100, 'DLSTATE', 'MA'),
    (-100, -100, 'EXPPIN', '0123456789');
INSERT INTO legacy.address (address_id, line1, locality, state, postcode, country) VALUES
    (-100, '3000 Main St', 'Revere', 'MA', '02151', 'US');
INSERT INTO legacy.account (
    account_id, account_number, market, data_origin, account_class, unknown_occupier, billing_address_id,
    sales_channel, balance, last_billed_to, payment_reviewed_on, next_bill_due_on
) VALUES (
    -100, '8888888889', 'US', 'GDE', 'RES', ' ', -100, 'DIR', 200, '20260301', '00000000', '00000000'
);
INSERT INTO legacy.account_role VALUES (-100, -100, 'HLD', 1, '99991231');
INSERT INTO legacy.account_attribute VALUES (-100, -100, 'metadata_key', '{"some_data": "some_value"}');
INSERT INTO legacy.note VALUES
    (-101, -100, '2024-06-01 12:00:00+00', 'Some important pinned note.', 'X', '2024-08-01 12:00:00+00'),
    (-100, -100, '2024-07-01 12:00:00+00', 'Some important note with attachments.', NULL, NULL);
INSERT INTO legacy.document VALUES
    (-101, -100, 'some/path/to/a/document.pdf'), (-100, -100, 'some/other/path/to/a/document.pdf');
INSERT INTO legacy.ledger VALUES (-100, -100, '20260301', '20260301', 200, 200, 'ENGY', 'IT', '200');
INSERT INTO legacy.billing_document VALUES
    (-101, -100, 'INV-530', 'IT', '20260201'), (-100, -100, 'INV-430', 'IT', '20260301');
INSERT INTO legacy.ledger_transaction VALUES
    (-101, -100, '1', '20260201', 100, '10', 'DIBT', NULL, 'X', -101),
    (-100, -100, '2', '20260301', 100, '10', 'DIBT', NULL, 'X', -100);
INSERT INTO legacy.premise VALUES (-100, -100);
INSERT INTO legacy.premise_detail VALUES
    (-100, 'NG-SITE-PREM-01', 'Park on the street', 'PREM', 'SF', 'Key under mat');
INSERT INTO legacy.occupancy VALUES (-100, -100, -100, '20250301', '99991231', ' ');
INSERT INTO legacy.supply_point (
    supply_point_id, premise_id, market, data_origin, identifier, fuel, transfer_flag, dispute_flag,
    operating_company, load_zone, load_profile
) VALUES (-100, -100, 'US', 'GDE', '2102', 'E', ' ', ' ', 'MECO', 'WCMASS', 'LP001');
INSERT INTO legacy.supply VALUES (-100, -100, '20250301', '99991231', '20260301');
INSERT INTO legacy.service_drop VALUES (-100, -100, 'SD-NG-BASE-001', 'U', '0 - 2.2 kv', 'P');
INSERT INTO legacy.contract VALUES (-100, -100, -100, 'GUIDE-R1', '20250301', '99991231');
INSERT INTO legacy.contract_option VALUES (-100, -100, -100, -100, 'MECO-R1-FixVar', 'FIXED');
INSERT INTO legacy.meter VALUES (-100, -100, 'MTR123456', '20250901', '99991231', 5, NULL, NULL);
INSERT INTO legacy.meter_detail VALUES (
    -100, '2025-09-01 00:00:00+00', 'ON', 'KWH', 240, 100, '1', 'AMI', 'MODEL-X', 'Duncan-L&G', 'AMI', 'X'
);
INSERT INTO legacy.register VALUES (-100, -100, '1', NULL, 5, NULL, 'KI', 1);
