-- 4001248530, the supply point of the published guides: one of them takes its notifications, the other the
-- account there. What a guide sends as a blank is blank here, and what it leaves out is NULL.

INSERT INTO legacy.address (
    address_id, postcode, country, state, locality, house_number, street_name, street_type, unit_type,
    unit_number, building_name, delivery_point
) VALUES (-2, '3070', 'AU', 'NSW', 'ANY', '11', 'Queen''s', 'RD', 'U', '1', '', '51234568');
INSERT INTO legacy.premise VALUES (-300, -2);
INSERT INTO legacy.supply_point (
    supply_point_id, premise_id, market, data_origin, identifier, fuel, transfer_flag, dispute_flag, substation,
    critical_load
) VALUES (-3, -300, 'AU', 'GDE', '4001248530', 'ED', ' ', ' ', '123456789', 'N');
INSERT INTO legacy.details_notification VALUES (
    -1, -3, '20240101', '000000', 'UPD', 'Mr', 'Mickey', 'Mouse', 'XYZ', 'A', 'mrmickey1@waltdisney.com', -2
);
INSERT INTO legacy.notification_phone VALUES
    (-2, -1, '0400123123', 'MV', '+61'), (-1, -1, '0400321321', 'MV', '');

INSERT INTO legacy.party VALUES (-300, 'PE', 'Mr', 'Mickey', 'Mouse', 'XYZ', 'Hi', NULL);
INSERT INTO legacy.party_contact VALUES
    (-302, -300, 'EML', 'mrmickey@waltdisney.com', '20240101', '99991231'),
    (-301, -300, 'MOB', '0488008221', '20240101', '99991231'),
    (-300, -300, 'TEL', '+61280082213', '20240101', '99991231');
INSERT INTO legacy.address (
    address_id, line1, postcode, country, state, locality, delivery_point, sublocality, sorting_code,
    delivery_type, delivery_number
) VALUES (-300, '', '2400', 'AU', 'NSW', 'MOREE', '', '', '', 'PO BOX', '111');
INSERT INTO legacy.account (
    account_id, account_number, market, data_origin, account_class, unknown_occupier, billing_address_id,
    sales_channel, balance, last_billed_to, payment_reviewed_on, next_bill_due_on
) VALUES (-300, 'EXTERNAL-AU-1', 'AU', 'GDE', 'DTB', ' ', -300, 'DIR', 0, '00000000', '00000000', '00000000');
INSERT INTO legacy.account_role VALUES (-300, -300, 'HLD', 1, '99991231');
INSERT INTO legacy.occupancy VALUES (-300, -300, -300, '20240101', '99991231', ' ');
INSERT INTO legacy.supply VALUES (-300, -3, '20240101', '99991231');
