-- DropIndex
DROP INDEX "api_key_user_id_idx";

-- AlterTable
ALTER TABLE "audit_event" ADD COLUMN     "service_user_id" TEXT;

-- CreateIndex
CREATE INDEX "api_key_user_id_created_at_id_idx" ON "api_key"("user_id", "created_at", "id");

-- Keys that could read and write, in today's words.
update "api_key" set "scopes" = array['threads:read', 'spaces:read']
    || case when 'write' = any("scopes") then array['threads:write', 'spaces:write', 'admin'] else '{}' end
where "scopes" && array['read', 'write'];
