-- Supply points that may be planned, by the kind of their latest notification. None has to wait: add
-- reasons to exclusion for those that must.

SELECT
    point.identifier AS external_identifier,
    coalesce((
        SELECT rtrim(notification.movement)
        FROM legacy.details_notification AS notification
        WHERE notification.supply_point_id = point.supply_point_id
        ORDER BY notification.made_on DESC, notification.made_at DESC, notification.notification_id DESC
        LIMIT 1
    ), 'no notification') AS stratum,
    CAST(NULL AS text) AS exclusion
FROM legacy.supply_point AS point
WHERE point.market = 'AU' AND point.network_area = 'NO' AND point.data_origin = 'GEN'
