-- EXTERNAL-1234, the customer of the published guide. Keys of guides' customers are negative, and no wave
-- takes them.

INSERT INTO legacy.tariff VALUES
    ('ELEC-1234-J', 'E', 'Electricity of the guide'), ('GAS-1234-J', 'G', 'Gas of the guide');

INSERT INTO legacy.party VALUES
    (-1, 'PE', 'Mr', 'Bob', 'Jabłoński', NULL, 'Hi', '19890111'),
    (-2, 'PE', 'Mr', 'Groundskeeper', 'Willie', NULL, 'Hi', '19550223');
INSERT INTO legacy.party_contact VALUES
    (-1, -1, 'EML', 'bob@jablonski.com', '20120101', '99991231'),
    (-2, -1, 'MOB', '07123456789', '20120101', '99991231'),
    (-3, -1, 'TEL', '02072343456', '20190101', '99991231'),
    (-4, -1, 'TEL', '02070000000', '20120101', '20181231'),
    (-5, -2, 'EML', 'groundskeeper@willie.com', '20120101', '99991231'),
    (-6, -2, 'MOB', '07712354321', '20120101', '99991231'),
    (-7, -2, 'TEL', '+442076543210', '20120101', '99991231');
INSERT INTO legacy.party_preference VALUES
    (-1, 'SMS', 'X'), (-1, 'RECO', 'X'), (-1, 'UPDT', 'X'), (-1, 'THRD', 'X'), (-1, 'OFFR', 'X'),
    (-1, 'PSRC', 'X');
INSERT INTO legacy.priority_service VALUES (-2, -1, 'E', '01', '20120101'), (-1, -1, 'G', '01', '20120101');
INSERT INTO legacy.address (address_id, line1, line2, line3, line4, line5, postcode, country) VALUES
    (-1, '123 Fake Street', '', '', '', '', 'W1F 9DE', 'GB');
INSERT INTO legacy.account VALUES (
    -1, 'EXTERNAL-1234', 'GB', 'GDE', 'DOM', 'N', 'Robert Jabłoński', -1, 'DIR', '', 'HH', 10, 'E', 'LP',
    -30.00, '20190801', '20190601', '20190920'
);
INSERT INTO legacy.account_role VALUES (-1, -1, 'HLD', 1, '99991231');
INSERT INTO legacy.premise VALUES (-1, -1);
INSERT INTO legacy.occupancy VALUES (-1, -1, -1, '20190101', '99991231', 'N');
INSERT INTO legacy.premise_administrator VALUES (-1, -2);
INSERT INTO legacy.supply_point VALUES
    (-2, -1, 'GB', 'GDE', '1200060176720', 'E', 'TENT', NULL, 1, '0393', ' ', ' ', NULL, NULL),
    (-1, -1, 'GB', 'GDE', '9353824109', 'G', 'TEN', 'TCL', NULL, NULL, ' ', ' ', NULL, NULL);
INSERT INTO legacy.supply VALUES (-1, -2, '20190101', '99991231'), (-1, -1, '20190410', '99991231');
INSERT INTO legacy.smart_interest VALUES (-2, -1, 'NO', '20200401', 'TENANT', 'EML');
INSERT INTO legacy.contract VALUES
    (-2, -1, -2, 'ELEC-1234-J', '20190801', '99991231'), (-1, -1, -1, 'GAS-1234-J', '20190801', '99991231');
INSERT INTO legacy.meter VALUES
    (-2, -2, 'Z16N389556', '20010101', '99991231', 5, NULL, ' '),
    (-1, -1, '54BV', '20020101', '99991231', 5, 'S1', 'X');
INSERT INTO legacy.prepay_balance VALUES (-1, -1, 21.3, 12.3, '20190731', 3.00, 3.50);
INSERT INTO legacy.register VALUES (-2, -2, '1', '00001', 5, NULL), (-1, -2, 'X', '00043', 5, 'N');
INSERT INTO legacy.reading VALUES
    (-4, -2, '1', '20190801', 1000, '00', 'C', 'X', 'X'),
    (-3, -2, '1', '20190620', 980, '00', 'C', 'X', ' '),
    (-2, -2, '1', '20190520', 960, '00', 'R', 'X', ' '),
    (-1, -1, NULL, '20190801', 500, '00', 'C', 'X', 'X');
INSERT INTO legacy.consumption VALUES
    (-5, -2, 'EAC', '00001', 1500, '20191001', '99991231', 'D0019'),
    (-4, -2, 'EAC', '00001', 1300, '20190901', '20190930', 'D0019'),
    (-3, -1, 'AQ', NULL, 8720, '20190101', '99991231', NULL),
    (-2, -1, 'AQ', NULL, 8712, '20180101', '20181231', NULL),
    (-1, -1, 'AQ', NULL, 8716, '20170101', '20171231', NULL);
INSERT INTO legacy.ledger VALUES (-1, -1, '20190731', '20190801', -20.00, -30.00);
INSERT INTO legacy.ledger_transaction VALUES
    (-4, -1, '1', '20190804', 10.00, '40', 'FCR', '', ' '),
    (-3, -1, '2', '20190805', -20.00, '20', 'ACP', NULL, ' '),
    (-2, -1, '3', '20180805', -10.00, '20', 'ACP', NULL, 'X'),
    (-1, -1, '4', '20180705', -10.00, '30', 'DDD', NULL, 'X');
INSERT INTO legacy.statement VALUES
    (-2, -1, '54321', '20190601', '20190701', '/EXTERNAL-1234/2019-06-01-to-2019-07-01.pdf'),
    (-1, -1, '12345', '20190701', '20190801', '/EXTERNAL-1234/2019-07-01-to-2019-08-01.pdf');
INSERT INTO legacy.payment_schedule VALUES
    (-2, -1, 6.00, 10, 'M', 'D', '20180101', 'X', 2.00, '20200326'),
    (-1, -1, 60.00, 2, 'M', 'D', '20180101', NULL, NULL, NULL);
INSERT INTO legacy.note VALUES (-1, -1, '2018-10-10 10:20:00+00', 'This is a note');
INSERT INTO legacy.document VALUES (-1, -1, '/notes/1234/attachment.jpg');
INSERT INTO legacy.debt VALUES (-1, -1, 'Debt R Us', '20190326', ' ');
INSERT INTO legacy.debt_item VALUES (-1, -1, 123.00, '20201201');
INSERT INTO legacy.dunning VALUES (-1, 'standard_domestic', '20200326');
INSERT INTO legacy.warm_home_discount VALUES (-1, -1, '2017/18', 'CR', 'C');
INSERT INTO legacy.external_reference VALUES
    (-1, -1, 'tentacle-energy.allpay-client-reference-number', '1234567890');
INSERT INTO legacy.campaign_member VALUES (-1, -1, 'super_account', 'Campaign note');
INSERT INTO legacy.account_attribute VALUES (-1, -1, 'metadata_key', '{"some_data": "some_value"}');
