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

-- In the order in which workers take links, so that a look goes on where the last one ended. How far a space is behind is
-- read from it too: no second index may have this condition, or the planner would take the smaller one for both.
DROP INDEX "space_thread_due_idx";
CREATE INDEX "space_thread_due_idx" ON "space_thread"("next_attempt_at", "space_id", "thread_id")
    WHERE "next_attempt_at" IS NOT NULL;
