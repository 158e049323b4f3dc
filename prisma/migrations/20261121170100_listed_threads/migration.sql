-- A soft delete changes no indexed column, so that it is a heap-only update. Lists would pass over what it has hidden, so
-- housekeeping sets "listed" to false afterwards, which takes it to another part of these indexes.
ALTER TABLE "thread" ADD COLUMN "listed" BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE "thread" ADD CONSTRAINT "thread_live_is_listed" CHECK ("listed" OR "deleted_at" IS NOT NULL);

DROP INDEX "thread_organization_id_created_at_id_idx";
DROP INDEX "thread_owner_id_created_at_id_idx";
CREATE INDEX "thread_organization_id_listed_created_at_id_idx" ON "thread"("organization_id", "listed", "created_at", "id");
-- An owner's threads are looked for in one organization at a time: beside a membership there are few of them.
CREATE INDEX "thread_owner_id_listed_organization_id_created_at_id_idx" ON "thread"("owner_id", "listed", "organization_id", "created_at", "id");

ALTER TABLE "deletion_batch" ADD COLUMN "listed" BOOLEAN NOT NULL DEFAULT true;
CREATE INDEX "deletion_batch_listed" ON "deletion_batch"("created_at", "id")
    WHERE "listed" AND "state" = 'RESTORABLE' AND "scope" = 'OWN_THREADS';

-- A deletion of all threads of a page writes each of them anew beside its old version: they fit when less than half of the
-- page is filled, and a hidden row is longer. Pages that are there stay as they are.
ALTER TABLE "thread" SET (fillfactor = 40);
