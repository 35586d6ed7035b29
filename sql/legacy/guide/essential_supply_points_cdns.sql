-- 4001248530, the supply point of the published guide.

INSERT INTO legacy.address (
    address_id, postcode, country, state, locality, house_number, street_name, street_type, unit_type,
    unit_number, building_name, delivery_point
) VALUES (-2, '3070', 'AU', 'NSW', 'ANY', '11', 'Queen''s', 'RD', 'U', '1', '', '51234568');
INSERT INTO legacy.supply_point (
    supply_point_id, market, data_origin, identifier, fuel, transfer_flag, dispute_flag, substation,
    critical_load
) VALUES (-3, 'AU', 'GDE', '4001248530', 'ED', ' ', ' ', '123456789', ' ');
INSERT INTO legacy.details_notification VALUES (
    -1, -3, '20240101', '000000', 'UPD', 'Mr', 'Mickey', 'Mouse', 'XYZ', 'A', 'mrmickey1@waltdisney.com', -2
);
INSERT INTO legacy.notification_phone VALUES
    (-2, -1, '0400123123', 'MV', '+61'), (-1, -1, '0400321321', 'MV', '');
