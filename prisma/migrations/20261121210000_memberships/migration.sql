-- DropIndex
DROP INDEX "member_user_id_idx";

-- AlterTable
ALTER TABLE "member" ADD COLUMN     "accepted_at" TIMESTAMPTZ(3),
ADD COLUMN     "invited_by_id" TEXT;

-- CreateIndex
CREATE INDEX "member_user_id_created_at_organization_id_idx" ON "member"("user_id", "created_at", "organization_id");

-- CreateIndex
CREATE INDEX "member_organization_id_created_at_user_id_idx" ON "member"("organization_id", "created_at", "user_id");

-- Whoever was a member so far has used it, or was added under the old rule.
update "member" set "accepted_at" = "created_at";
