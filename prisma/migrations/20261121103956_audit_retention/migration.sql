-- Finds what is to go. By days it is small, and no list of newest events can be tempted to walk it.
CREATE INDEX "audit_event_day" ON "audit_event"((("created_at" AT TIME ZONE 'UTC')::date));

-- An event goes by retention only: in a transaction that has said, for itself alone, from before when events go, and
-- never within a day, whatever it has said. Everything else stays refused.
CREATE OR REPLACE FUNCTION "refuse_audit_event_change"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    retention_before text := nullif(current_setting('heddle.audit_retention_before', true), '');
BEGIN
    IF TG_OP = 'DELETE' AND retention_before IS NOT NULL THEN
        IF TG_LEVEL = 'STATEMENT' THEN
            RETURN NULL;
        ELSIF OLD."created_at" < least(retention_before::timestamptz, now() - interval '1 day') THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'audit events are append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

-- Beside the trigger of the statement, which refuses also what would meet no row.
CREATE TRIGGER "audit_event_retained" BEFORE DELETE ON "audit_event"
    FOR EACH ROW EXECUTE FUNCTION "refuse_audit_event_change"();
