-- A supply point outlasts its customers: the predecessors (PRE, final billed) and successors (SUC) at the supply
-- points of some generated customers. Neither is a candidate, and their data does not belong in a payload.

CREATE FUNCTION generator.add_neighbours() RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    -- The generator of a market leaves in changed_hands the supply points that have a predecessor or a successor.
    -- Where the day of leaving is not known, the successor is announced without a day.
    CREATE TEMPORARY TABLE neighbour ON COMMIT DROP AS
    SELECT
        side.origin,
        changed_hands.market,
        changed_hands.n,
        changed_hands.account_id + side.above AS key,
        side.above,
        changed_hands.premise_id,
        changed_hands.address_id,
        changed_hands.supply_point_id,
        changed_hands.tariff,
        side.starts_on,
        side.ends_on,
        changed_hands.left_on,
        CASE WHEN changed_hands.market = 'US' THEN side.us_prefix || lpad(CAST(changed_hands.n AS text), 8, '0')
            ELSE changed_hands.market || '-' || side.prefix || lpad(CAST(changed_hands.n AS text), 9, '0')
        END AS account_number
    FROM changed_hands
    CROSS JOIN LATERAL (VALUES
        ('PRE', 500000000000, 'P', '87', generator.day(changed_hands.moved_in - 360),
            generator.day(changed_hands.moved_in - 1), changed_hands.has_predecessor),
        ('SUC', 600000000000, 'S', '86', coalesce(generator.day(changed_hands.left_on + 1), '99991231'),
            '99991231', changed_hands.has_successor)
    ) AS side (origin, above, prefix, us_prefix, starts_on, ends_on, is_there)
    WHERE side.is_there;

    CREATE TEMPORARY TABLE other_customer ON COMMIT DROP AS
    SELECT DISTINCT origin, market, n, key, premise_id, address_id, starts_on, ends_on, account_number
    FROM neighbour;

    INSERT INTO legacy.party (party_id, party_type, first_name, last_name)
    SELECT
        key,
        'PE',
        (SELECT words FROM generator.vocabulary WHERE kind = 'first_name')[1 + mod(n, 31)],
        (SELECT words FROM generator.vocabulary WHERE kind = 'last_name')[1 + mod(n / 31, 29)]
    FROM other_customer;
    INSERT INTO legacy.party_contact
    SELECT key, key, 'EML', lower(account_number) || '@mail.example.com', starts_on, '99991231'
    FROM other_customer;
    INSERT INTO legacy.account (
        account_id, account_number, market, data_origin, account_class, unknown_occupier, billing_address_id,
        sales_channel, balance, last_billed_to, payment_reviewed_on, next_bill_due_on
    )
    SELECT
        key, account_number, market, origin, CASE market WHEN 'US' THEN 'RES' WHEN 'AU' THEN 'DTB' ELSE 'DOM' END, ' ',
        address_id, 'DIR', 0, CASE origin WHEN 'PRE' THEN ends_on ELSE '00000000' END, '00000000', '00000000'
    FROM other_customer;
    INSERT INTO legacy.account_role SELECT key, key, 'HLD', 1, '99991231' FROM other_customer;
    INSERT INTO legacy.occupancy SELECT key, key, premise_id, starts_on, ends_on, ' ' FROM other_customer;

    INSERT INTO legacy.supply
    SELECT
        key, supply_point_id, starts_on, ends_on,
        CASE
            WHEN market <> 'US' THEN NULL
            WHEN origin = 'PRE' THEN ends_on
            ELSE generator.day(left_on + 31)
        END
    FROM neighbour;
    INSERT INTO legacy.contract
    SELECT
        supply_point_id + above, key, supply_point_id,
        tariff || CASE origin WHEN 'PRE' THEN '-FLEX-09' ELSE '-FIX-24M-27' END, starts_on, ends_on
    FROM neighbour
    WHERE tariff IS NOT NULL;
    INSERT INTO legacy.contract_option
    SELECT supply_point_id + above, supply_point_id + above, key, supply_point_id, 'MECO-R1-FixVar', 'VARIABLE'
    FROM neighbour
    WHERE market = 'US';
    PERFORM generator.add_readings_of_predecessors();
    -- The outage contact before the customer moved in.
    INSERT INTO legacy.details_notification
    SELECT
        key, supply_point_id, starts_on, '093000', 'UPD', 'Ms', 'Former', 'Occupier', NULL, NULL,
        lower(account_number) || '@mail.example.com', address_id
    FROM neighbour
    WHERE market = 'AU' AND origin = 'PRE';
END
$$;
COMMENT ON FUNCTION generator.add_neighbours IS
    'Adds those who had the supply points of the table changed_hands before their customers, and have them after.';

CREATE FUNCTION generator.add_readings_of_predecessors() RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    -- A British meter has the number of its supply point. Its last reading of a customer is that of moving out.
    INSERT INTO legacy.reading
    SELECT
        500000000000 + supply_point_id * 4 + month, supply_point_id, CASE tariff WHEN 'ELEC' THEN '1' END,
        generator.day(CAST(ends_on AS date) - 30 * month), 9000 - 210 * month, '00', 'C', 'X',
        CASE month WHEN 0 THEN 'X' ELSE ' ' END
    FROM neighbour
    CROSS JOIN generate_series(0, 2) AS month
    WHERE market = 'GB' AND origin = 'PRE';
    INSERT INTO legacy.prepay_balance
    SELECT supply_point_id, key, 88.88, 9.99, ends_on, NULL, NULL, '9' || lpad(CAST(n AS text), 9, '0')
    FROM neighbour
    WHERE market = 'GB' AND origin = 'PRE';
    INSERT INTO legacy.smart_interest
    SELECT supply_point_id, key, 'NO', starts_on, 'TENANT', 'EML'
    FROM neighbour
    WHERE market = 'GB' AND origin = 'PRE' AND tariff = 'ELEC';
END
$$;
COMMENT ON FUNCTION generator.add_readings_of_predecessors IS
    'Adds what British predecessors left at the meter: readings, a prepay balance, and a word about smart meters.';
