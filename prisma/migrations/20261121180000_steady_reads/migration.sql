-- Each filter of the audit trail walks an index in the trail's order, and reads no event that it leaves out.
-- CreateIndex
CREATE INDEX "audit_event_organization_id_action_created_at_id_idx" ON "audit_event"("organization_id", "action", "created_at", "id");

-- CreateIndex
CREATE INDEX "audit_event_organization_id_actor_id_created_at_id_idx" ON "audit_event"("organization_id", "actor_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "audit_event_actor_id_action_created_at_id_idx" ON "audit_event"("actor_id", "action", "created_at", "id");

-- DropIndex
DROP INDEX "audit_event_target_id_idx";

-- CreateIndex
CREATE INDEX "audit_event_target_id_created_at_id_idx" ON "audit_event"("target_id", "created_at", "id");

-- How far a space is behind, without a look at those of its links that have nothing to do.
CREATE INDEX "space_thread_behind_idx" ON "space_thread"("space_id") WHERE "next_attempt_at" IS NOT NULL;
