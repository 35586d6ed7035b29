-- British supplies that are more than two meters at one address: exchanged meters, export, a second address and
-- four hundred meters. Keys of what is added begin at 300 thousand million, above all others of the market.

CREATE FUNCTION generator.add_british_supplies() RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    -- The generator of the market leaves its customers in made.
    CREATE TEMPORARY TABLE more_meters ON COMMIT DROP AS
    -- A meter that was exchanged before the last bill: removed, and billed to its end.
    SELECT
        300000000000 + n AS meter_id, n * 2 AS supply_point_id, 'X' || lpad(CAST(n AS text), 9, '0') AS serial_number,
        moved_in AS installed_on, billed_to - 45 AS removed_on, billed_to - 45 AS read_on, ' ' AS closing,
        moved_in, billed_to, is_two_rate, h1
    FROM made
    WHERE kind = 'exchanged'
    UNION ALL
    -- The export of a meter that imports too has a supply point of its own; a mover has a meter at the new address.
    SELECT
        310000000000 + n, 300000000000 + n,
        CASE kind WHEN 'export' THEN 'E' ELSE 'N' END || lpad(CAST(n AS text), 9, '0'),
        CASE kind WHEN 'export' THEN moved_in ELSE DATE '2015-01-01' END, NULL, billed_to, 'X', moved_in, billed_to,
        false, h1
    FROM made
    WHERE kind IN ('export', 'mover')
    UNION ALL
    SELECT
        320000000000 + n * 400 + number, n * 2, 'M' || n || '-' || number, moved_in, NULL, billed_to, 'X', moved_in,
        billed_to, is_two_rate, h1 + number
    FROM made
    CROSS JOIN generate_series(1, 399) AS number
    WHERE has_many_meters;

    INSERT INTO legacy.address (address_id, line1, line2, postcode, country)
    SELECT 300000000000 + n, 1 + mod(h2, 90) || ' New Street', 'Leeds', 'LS1 ' || mod(h2, 10) || 'AD', 'GB'
    FROM made
    WHERE kind = 'mover';
    INSERT INTO legacy.premise SELECT 300000000000 + n, 300000000000 + n FROM made WHERE kind = 'mover';
    INSERT INTO legacy.occupancy
    SELECT 300000000000 + n, n, 300000000000 + n, generator.day(billed_to), '99991231', ' '
    FROM made
    WHERE kind = 'mover';
    PERFORM generator.add_british_points();

    INSERT INTO legacy.meter
    SELECT
        meter_id, supply_point_id, serial_number, generator.day(installed_on),
        coalesce(generator.day(removed_on), '99991231'), 5, NULL, ' '
    FROM more_meters;
    INSERT INTO legacy.register
    SELECT
        meter_id + rate * 100000000000, meter_id, CAST(rate + 1 AS text),
        CASE WHEN is_two_rate THEN (ARRAY['00043', '00210'])[rate + 1] ELSE '00001' END, 5, NULL
    FROM more_meters
    CROSS JOIN generate_series(0, CASE WHEN is_two_rate THEN 1 ELSE 0 END) AS rate;
    INSERT INTO legacy.reading
    SELECT
        meter_id + rate * 100000000000, meter_id, CAST(rate + 1 AS text), generator.day(read_on),
        1000 + mod(h1, 40000), '00', 'R', 'X', closing
    FROM more_meters
    CROSS JOIN generate_series(0, CASE WHEN is_two_rate THEN 1 ELSE 0 END) AS rate;
END
$$;
COMMENT ON FUNCTION generator.add_british_supplies IS
    'Adds to the customers of the table made what supplies of some of them have besides two meters at one address.';

CREATE FUNCTION generator.add_british_points() RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO legacy.supply_point (
        supply_point_id, premise_id, market, data_origin, identifier, fuel, supplier_mpid, profile_class, ssc,
        transfer_flag, dispute_flag, measurement_class, export_kind
    )
    SELECT
        300000000000 + n, CASE kind WHEN 'export' THEN n ELSE 300000000000 + n END, 'GB', 'GEN',
        generator.mpan('25' || lpad(CAST(n AS text), 10, '0')), 'E ', 'TENT', CASE kind WHEN 'export' THEN 8 ELSE 1 END,
        CASE kind WHEN 'export' THEN '0476' ELSE '0393' END, ' ', ' ', 'A', CASE kind WHEN 'export' THEN 'IE' END
    FROM made
    WHERE kind IN ('export', 'mover');
    INSERT INTO legacy.supply
    SELECT
        CASE kind WHEN 'export' THEN n * 2 ELSE 300000000000 + n END, 300000000000 + n,
        generator.day(CASE kind WHEN 'export' THEN moved_in ELSE billed_to END), '99991231'
    FROM made
    WHERE kind IN ('export', 'mover');
    INSERT INTO legacy.contract
    SELECT
        300000000000 + n, n, 300000000000 + n, CASE kind WHEN 'export' THEN 'ELEC-EXPORT-26' ELSE 'ELEC-SVT' END,
        generator.day(CASE kind WHEN 'export' THEN moved_in ELSE billed_to END), '99991231'
    FROM made
    WHERE kind IN ('export', 'mover');
    INSERT INTO legacy.consumption
    SELECT
        300000000000 + n, 300000000000 + n, 'EAC', '00001', 900 + mod(h1, 3000), generator.day(billed_to - 200),
        '99991231', 'D0019'
    FROM made
    WHERE kind IN ('export', 'mover');
END
$$;
COMMENT ON FUNCTION generator.add_british_points IS
    'Adds the points of export, and those at which movers are supplied since, each with its contract and EAC.';
