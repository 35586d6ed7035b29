-- Notes, with their time in UTC.

SELECT
    account.account_number AS external_identifier,
    note.note_id AS note_key,
    to_char(note.written_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
    note.body,
    note.pinned AS is_pinned,
    to_char(note.unpin_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS unpin_at
FROM legacy.account
JOIN legacy.note ON note.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, note.written_at, note.note_id
