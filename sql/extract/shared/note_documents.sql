-- Attachments of the notes.

SELECT
    account.account_number AS external_identifier,
    note.note_id AS note_key,
    document.document_id AS document_key,
    document.path AS document_path
FROM legacy.account
JOIN legacy.note ON note.account_id = account.account_id
JOIN legacy.document ON document.note_id = note.note_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, note.note_id, document.document_id
