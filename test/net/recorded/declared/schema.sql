CREATE TABLE "account_policy_data" (
  "uid" INTEGER,
  "username" TEXT NOT NULL,
  "uuid" TEXT,
  "creation_time" REAL,
  "password_last_set_time" REAL,
  "failed_login_count" INTEGER,
  "failed_login_timestamp" REAL,
  "last_login_time" REAL,
  "host_id" TEXT
) STRICT;

CREATE TABLE "ad_config" (
  "name" TEXT,
  "domain" TEXT,
  "option" TEXT NOT NULL,
  "value" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "apfs_crypto_users" (
  "device_identifier" TEXT NOT NULL,
  "volume_uuid" TEXT,
  "crypto_user_uuid" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "volume_owner" INTEGER CHECK ("volume_owner" IN (0, 1)),
  "username" TEXT,
  "resolution" TEXT CHECK ("resolution" IN ('local_user', 'guest', 'recovery_key', 'bootstrap_token', 'icloud', 'disk', 'orphan')),
  "host_id" TEXT
) STRICT;

CREATE TABLE "apfs_volumes" (
  "container_uuid" TEXT,
  "device_identifier" TEXT NOT NULL,
  "uuid" TEXT,
  "name" TEXT,
  "role" TEXT,
  "is_internal" INTEGER CHECK ("is_internal" IN (0, 1)),
  "encryption" INTEGER CHECK ("encryption" IN (0, 1)),
  "filevault" INTEGER CHECK ("filevault" IN (0, 1)),
  "locked" INTEGER CHECK ("locked" IN (0, 1)),
  "crypto_migration_on" INTEGER CHECK ("crypto_migration_on" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "authentication_authorities" (
  "uid" INTEGER,
  "username" TEXT NOT NULL,
  "uuid" TEXT,
  "ordinal" INTEGER NOT NULL,
  "value" TEXT NOT NULL,
  "version" TEXT,
  "tag" TEXT NOT NULL,
  "data" TEXT,
  "disabled_tag" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "authorization_mechanisms" (
  "label" TEXT NOT NULL CHECK ("label" IN ('system.login.console')),
  "plugin" TEXT NOT NULL,
  "mechanism" TEXT NOT NULL,
  "privileged" INTEGER CHECK ("privileged" IN (0, 1)),
  "entry" TEXT NOT NULL,
  "position" INTEGER NOT NULL,
  "is_of_apple" INTEGER CHECK ("is_of_apple" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "authorized_key_files" (
  "uid" INTEGER,
  "username" TEXT NOT NULL,
  "uuid" TEXT,
  "key_file" TEXT,
  "file_exists" INTEGER CHECK ("file_exists" IN (0, 1)),
  "key_count" INTEGER,
  "keys_digest" TEXT,
  "file_mode" TEXT,
  "file_modified_time" INTEGER,
  "host_id" TEXT
) STRICT;

CREATE TABLE "authorized_keys" (
  "uid" INTEGER,
  "username" TEXT NOT NULL,
  "uuid" TEXT,
  "algorithm" TEXT NOT NULL CHECK ("algorithm" IN ('ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com', 'ssh-dss')),
  "bits" INTEGER NOT NULL,
  "fingerprint" TEXT NOT NULL,
  "options" TEXT,
  "key_file" TEXT,
  "occurrence" INTEGER NOT NULL,
  "host_id" TEXT
) STRICT;

CREATE TABLE "bootstrap_tokens" (
  "supported_on_server" INTEGER CHECK ("supported_on_server" IN (0, 1)),
  "escrowed_to_server" INTEGER CHECK ("escrowed_to_server" IN (0, 1)),
  "crypto_user_present" INTEGER CHECK ("crypto_user_present" IN (0, 1)),
  "crypto_user_volume_owner" INTEGER CHECK ("crypto_user_volume_owner" IN (0, 1)),
  "server_capability_declared" INTEGER CHECK ("server_capability_declared" IN (0, 1)),
  "allowed_for_authentication" TEXT,
  "required_for_software_update" INTEGER CHECK ("required_for_software_update" IN (0, 1)),
  "required_for_kext_approval" INTEGER CHECK ("required_for_kext_approval" IN (0, 1)),
  "eacs_preflight" TEXT,
  "state" TEXT NOT NULL CHECK ("state" IN ('escrowed', 'supported_not_escrowed', 'not_supported', 'stale_local', 'not_enrolled', 'unknown')),
  "sources" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "collection_errors" (
  "table_name" TEXT NOT NULL,
  "command_id" TEXT,
  "code" TEXT NOT NULL CHECK ("code" IN ('source_missing', 'source_failed', 'source_timed_out', 'output_too_large', 'permission_denied', 'full_disk_access_required', 'unsupported_macos', 'parse_failed', 'contradicted', 'row_invalid', 'not_recorded')),
  "message" TEXT NOT NULL,
  "hint" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "command_log" (
  "command_id" TEXT NOT NULL,
  "argv" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  "is_network_capable" INTEGER NOT NULL CHECK ("is_network_capable" IN (0, 1)),
  "started_time" INTEGER,
  "duration_ms" INTEGER,
  "exit_code" INTEGER,
  "signal" TEXT,
  "is_timed_out" INTEGER NOT NULL CHECK ("is_timed_out" IN (0, 1)),
  "stdout_bytes" INTEGER NOT NULL,
  "stdout_sha256" TEXT NOT NULL,
  "stderr_bytes" INTEGER NOT NULL,
  "stderr_sha256" TEXT NOT NULL,
  "euid" INTEGER,
  "host_id" TEXT
) STRICT;

CREATE TABLE "conflicts" (
  "subject_kind" TEXT NOT NULL CHECK ("subject_kind" IN ('user', 'crypto_user', 'host')),
  "subject" TEXT NOT NULL,
  "fact" TEXT NOT NULL CHECK ("fact" IN ('secure_token', 'volume_owner', 'filevault_user', 'bootstrap', 'guid', 'recovery_key', 'enrollment', 'record')),
  "rule_id" TEXT NOT NULL,
  "source_a" TEXT NOT NULL,
  "value_a" TEXT,
  "source_b" TEXT NOT NULL,
  "value_b" TEXT,
  "severity" TEXT NOT NULL CHECK ("severity" IN ('info', 'low', 'medium', 'high')),
  "conclusion" TEXT NOT NULL,
  "command_ids" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "deleted_users" (
  "username" TEXT,
  "uid" INTEGER,
  "deleted_time" INTEGER,
  "host_id" TEXT
) STRICT;

CREATE TABLE "enrollment_markers" (
  "path" TEXT NOT NULL,
  "file_exists" INTEGER CHECK ("file_exists" IN (0, 1)),
  "size_bytes" INTEGER,
  "modified_time" INTEGER,
  "owner_uid" INTEGER,
  "host_id" TEXT
) STRICT;

CREATE TABLE "filevault_deferrals" (
  "is_deferred" INTEGER NOT NULL CHECK ("is_deferred" IN (0, 1)),
  "designated_username" TEXT,
  "profile_uuid" TEXT,
  "output_path" TEXT,
  "output_file_exists" INTEGER CHECK ("output_file_exists" IN (0, 1)),
  "output_file_mode" TEXT,
  "show_recovery_key" INTEGER CHECK ("show_recovery_key" IN (0, 1)),
  "max_bypass_attempts" INTEGER,
  "bypass_attempts_remaining" INTEGER,
  "dont_ask_at_logout" INTEGER CHECK ("dont_ask_at_logout" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "filevault_policies" (
  "enable" TEXT CHECK ("enable" IN ('On', 'Off')),
  "defer" INTEGER CHECK ("defer" IN (0, 1)),
  "max_bypass_attempts" INTEGER,
  "dont_ask_at_logout" INTEGER CHECK ("dont_ask_at_logout" IN (0, 1)),
  "show_recovery_key" INTEGER CHECK ("show_recovery_key" IN (0, 1)),
  "use_recovery_key" INTEGER CHECK ("use_recovery_key" IN (0, 1)),
  "force_enable_in_setup_assistant" INTEGER CHECK ("force_enable_in_setup_assistant" IN (0, 1)),
  "irk_certificate_present" INTEGER CHECK ("irk_certificate_present" IN (0, 1)),
  "escrow_payload_present" INTEGER CHECK ("escrow_payload_present" IN (0, 1)),
  "escrow_location" TEXT,
  "dont_allow_fde_disable" INTEGER CHECK ("dont_allow_fde_disable" IN (0, 1)),
  "dont_allow_fde_enable" INTEGER CHECK ("dont_allow_fde_enable" IN (0, 1)),
  "disable_fde_autologin" INTEGER CHECK ("disable_fde_autologin" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "filevault_status" (
  "filevault_enabled" INTEGER CHECK ("filevault_enabled" IN (0, 1)),
  "status" TEXT NOT NULL CHECK ("status" IN ('on', 'off', 'encrypting', 'decrypting', 'deferred', 'restart_needed', 'unknown')),
  "percent_complete" REAL,
  "has_personal_recovery_key" INTEGER CHECK ("has_personal_recovery_key" IN (0, 1)),
  "has_institutional_recovery_key" INTEGER CHECK ("has_institutional_recovery_key" IN (0, 1)),
  "master_keychain_present" INTEGER CHECK ("master_keychain_present" IN (0, 1)),
  "using_recovery_key" INTEGER CHECK ("using_recovery_key" IN (0, 1)),
  "supports_auth_restart" INTEGER CHECK ("supports_auth_restart" IN (0, 1)),
  "prk_escrow_blob_present" INTEGER CHECK ("prk_escrow_blob_present" IN (0, 1)),
  "prk_escrow_blob_modified_time" INTEGER,
  "fdesetup_version" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "filevault_users" (
  "username" TEXT,
  "uuid" TEXT NOT NULL,
  "type" TEXT CHECK ("type" IN ('os_user', 'personal_recovery', 'institutional_recovery', 'icloud_recovery', 'bootstrap_token', 'unknown')),
  "escrow_reported" INTEGER CHECK ("escrow_reported" IN (0, 1)),
  "resolution" TEXT CHECK ("resolution" IN ('local_user', 'well_known', 'orphan')),
  "host_id" TEXT
) STRICT;

CREATE TABLE "group_members" (
  "gid" INTEGER,
  "groupname" TEXT NOT NULL,
  "member_kind" TEXT NOT NULL CHECK ("member_kind" IN ('name', 'guid', 'nested_group')),
  "member" TEXT NOT NULL,
  "uuid" TEXT,
  "is_resolved" INTEGER CHECK ("is_resolved" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "groups" (
  "gid" INTEGER,
  "groupname" TEXT NOT NULL,
  "uuid" TEXT,
  "gid_signed" INTEGER,
  "is_hidden" INTEGER CHECK ("is_hidden" IN (0, 1)),
  "comment" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "hosts" (
  "hardware_uuid" TEXT,
  "serial_number" TEXT,
  "hostname" TEXT,
  "os_version" TEXT,
  "os_version_num" INTEGER,
  "os_major" INTEGER,
  "os_build" TEXT,
  "cpu_arch" TEXT CHECK ("cpu_arch" IN ('arm64', 'x86_64')),
  "is_apple_silicon" INTEGER CHECK ("is_apple_silicon" IN (0, 1)),
  "has_t2" INTEGER CHECK ("has_t2" IN (0, 1)),
  "model_identifier" TEXT,
  "is_virtual_machine" INTEGER CHECK ("is_virtual_machine" IN (0, 1)),
  "boot_volume_fs" TEXT CHECK ("boot_volume_fs" IN ('apfs', 'hfs')),
  "boot_time" INTEGER,
  "setup_done_time" INTEGER,
  "sip_enabled" INTEGER CHECK ("sip_enabled" IN (0, 1)),
  "remote_login_enabled" INTEGER CHECK ("remote_login_enabled" IN (0, 1)),
  "console_username" TEXT,
  "computer_name" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "login_hooks" (
  "event" TEXT NOT NULL CHECK ("event" IN ('login', 'logout')),
  "set_in" TEXT NOT NULL CHECK ("set_in" IN ('root', 'system')),
  "program" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "logins" (
  "username" TEXT NOT NULL,
  "last_login_time" INTEGER,
  "last_console_login_time" INTEGER,
  "last_terminal_login_time" INTEGER,
  "is_logged_in" INTEGER CHECK ("is_logged_in" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "loginwindow_settings" (
  "autologin_username" TEXT,
  "kcpassword_present" INTEGER CHECK ("kcpassword_present" IN (0, 1)),
  "guest_enabled" INTEGER CHECK ("guest_enabled" IN (0, 1)),
  "hide_500_users" INTEGER CHECK ("hide_500_users" IN (0, 1)),
  "hidden_users" TEXT,
  "root_enabled" INTEGER CHECK ("root_enabled" IN (0, 1)),
  "asks_for_name" INTEGER CHECK ("asks_for_name" IN (0, 1)),
  "admin_host_info" TEXT,
  "retries_until_hint" INTEGER,
  "console_access_disabled" INTEGER CHECK ("console_access_disabled" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "managed_users" (
  "username" TEXT,
  "uuid" TEXT NOT NULL,
  "kind" TEXT NOT NULL CHECK ("kind" IN ('auto_setup_admin', 'managed_user', 'configured')),
  "source" TEXT NOT NULL CHECK ("source" IN ('mdmclient', 'system_profiler', 'config')),
  "host_id" TEXT
) STRICT;

CREATE TABLE "mdm_enrollments" (
  "is_enrolled" INTEGER CHECK ("is_enrolled" IN (0, 1)),
  "is_user_approved" INTEGER CHECK ("is_user_approved" IN (0, 1)),
  "is_dep_enrolled" INTEGER CHECK ("is_dep_enrolled" IN (0, 1)),
  "is_supervised" INTEGER CHECK ("is_supervised" IN (0, 1)),
  "is_user_enrollment" INTEGER CHECK ("is_user_enrollment" IN (0, 1)),
  "server_host" TEXT,
  "profile_identifier" TEXT,
  "profile_install_time" INTEGER,
  "access_rights" INTEGER,
  "server_capabilities" TEXT,
  "dep_record_cached" INTEGER CHECK ("dep_record_cached" IN (0, 1)),
  "organization" TEXT,
  "setup_skips_filevault" INTEGER CHECK ("setup_skips_filevault" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "mdm_security_info" (
  "recovery_lock_enabled" INTEGER CHECK ("recovery_lock_enabled" IN (0, 1)),
  "remote_desktop_enabled" INTEGER CHECK ("remote_desktop_enabled" IN (0, 1)),
  "secure_boot_level" TEXT CHECK ("secure_boot_level" IN ('off', 'medium', 'full', 'not supported')),
  "external_boot_level" TEXT CHECK ("external_boot_level" IN ('allowed', 'disallowed', 'not supported')),
  "is_supervised" INTEGER CHECK ("is_supervised" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "mobile_account_policies" (
  "scope" TEXT NOT NULL CHECK ("scope" IN ('device', 'user')),
  "username" TEXT,
  "ask_for_secure_token_auth_bypass" INTEGER CHECK ("ask_for_secure_token_auth_bypass" IN (0, 1)),
  "create_at_login" INTEGER CHECK ("create_at_login" IN (0, 1)),
  "warn_on_create" INTEGER CHECK ("warn_on_create" IN (0, 1)),
  "expiry_disused_seconds" INTEGER,
  "host_id" TEXT
) STRICT;

CREATE TABLE "mobile_accounts" (
  "uid" INTEGER,
  "username" TEXT NOT NULL,
  "uuid" TEXT,
  "original_node" TEXT,
  "directory_guid" TEXT,
  "guid_matches" INTEGER CHECK ("guid_matches" IN (0, 1)),
  "copy_time" INTEGER,
  "directory_password_last_set" INTEGER,
  "last_login_time" INTEGER,
  "host_id" TEXT
) STRICT;

CREATE TABLE "password_policy" (
  "uid" INTEGER,
  "policy_identifier" TEXT,
  "policy_content" TEXT,
  "policy_description" TEXT,
  "policy_category" TEXT NOT NULL,
  "policy_parameters" TEXT,
  "is_of_apple" INTEGER CHECK ("is_of_apple" IN (0, 1)),
  "minimum_length" INTEGER,
  "max_failed_logins" INTEGER,
  "lockout_seconds" INTEGER,
  "expires_days" INTEGER,
  "history_depth" INTEGER,
  "inactive_days" INTEGER,
  "occurrence" INTEGER NOT NULL,
  "host_id" TEXT
) STRICT;

CREATE TABLE "platform_sso_states" (
  "username" TEXT,
  "is_registered" INTEGER CHECK ("is_registered" IN (0, 1)),
  "identity_sha256" TEXT,
  "authentication_method" TEXT,
  "filevault_policy" TEXT,
  "login_policy" TEXT,
  "is_exempt" INTEGER CHECK ("is_exempt" IN (0, 1)),
  "new_user_authorization_mode" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "remote_desktop_rights" (
  "uid" INTEGER,
  "username" TEXT NOT NULL,
  "uuid" TEXT,
  "may_control" INTEGER CHECK ("may_control" IN (0, 1)),
  "may_chat" INTEGER CHECK ("may_chat" IN (0, 1)),
  "may_copy" INTEGER CHECK ("may_copy" IN (0, 1)),
  "may_delete" INTEGER CHECK ("may_delete" IN (0, 1)),
  "may_report" INTEGER CHECK ("may_report" IN (0, 1)),
  "may_launch" INTEGER CHECK ("may_launch" IN (0, 1)),
  "may_change_settings" INTEGER CHECK ("may_change_settings" IN (0, 1)),
  "may_restart" INTEGER CHECK ("may_restart" IN (0, 1)),
  "is_notified" INTEGER CHECK ("is_notified" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "secure_token_observations" (
  "username" TEXT,
  "uuid" TEXT,
  "source" TEXT NOT NULL CHECK ("source" IN ('apfs', 'fdesetup', 'opendirectory', 'sysadminctl')),
  "value" INTEGER CHECK ("value" IN (0, 1)),
  "raw_state" TEXT CHECK ("raw_state" IN ('ENABLED', 'DISABLED', 'unknown_user', 'tag', 'listed', 'absent')),
  "command_id" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "secure_tokens" (
  "uid" INTEGER,
  "username" TEXT NOT NULL,
  "uuid" TEXT,
  "is_admin" INTEGER CHECK ("is_admin" IN (0, 1)),
  "secure_token" INTEGER CHECK ("secure_token" IN (0, 1)),
  "volume_owner" INTEGER CHECK ("volume_owner" IN (0, 1)),
  "filevault_enabled" INTEGER CHECK ("filevault_enabled" IN (0, 1)),
  "disabled_tag" INTEGER CHECK ("disabled_tag" IN (0, 1)),
  "confidence" TEXT NOT NULL CHECK ("confidence" IN ('confirmed', 'probable', 'conflicting', 'unknown')),
  "sources" TEXT,
  "has_conflict" INTEGER CHECK ("has_conflict" IN (0, 1)),
  "is_guest" INTEGER CHECK ("is_guest" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "secureboot" (
  "secure_boot" INTEGER CHECK ("secure_boot" IN (0, 1)),
  "description" TEXT,
  "kernel_extensions" INTEGER CHECK ("kernel_extensions" IN (0, 1)),
  "mdm_operations" INTEGER CHECK ("mdm_operations" IN (0, 1)),
  "level" TEXT CHECK ("level" IN ('full', 'reduced', 'medium', 'permissive', 'off')),
  "system_sealed" INTEGER CHECK ("system_sealed" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "sharing_preferences" (
  "screen_sharing" INTEGER CHECK ("screen_sharing" IN (0, 1)),
  "file_sharing" INTEGER CHECK ("file_sharing" IN (0, 1)),
  "remote_login" INTEGER CHECK ("remote_login" IN (0, 1)),
  "remote_apple_events" INTEGER CHECK ("remote_apple_events" IN (0, 1)),
  "remote_management" INTEGER CHECK ("remote_management" IN (0, 1)),
  "remote_login_access" TEXT CHECK ("remote_login_access" IN ('everybody', 'members')),
  "screen_sharing_access" TEXT CHECK ("screen_sharing_access" IN ('everybody', 'members')),
  "remote_apple_events_access" TEXT CHECK ("remote_apple_events_access" IN ('everybody', 'members')),
  "host_id" TEXT
) STRICT;

CREATE TABLE "smart_card_settings" (
  "allow_smart_card" INTEGER CHECK ("allow_smart_card" IN (0, 1)),
  "enforce_smart_card" INTEGER CHECK ("enforce_smart_card" IN (0, 1)),
  "check_certificate_trust" INTEGER,
  "one_card_per_user" INTEGER CHECK ("one_card_per_user" IN (0, 1)),
  "user_pairing" INTEGER CHECK ("user_pairing" IN (0, 1)),
  "allow_unmapped_users" INTEGER,
  "token_removal_action" INTEGER,
  "host_id" TEXT
) STRICT;

CREATE TABLE "sshd_config" (
  "permit_root_login" TEXT CHECK ("permit_root_login" IN ('yes', 'prohibit-password', 'forced-commands-only', 'no')),
  "password_authentication" INTEGER CHECK ("password_authentication" IN (0, 1)),
  "kbd_interactive_authentication" INTEGER CHECK ("kbd_interactive_authentication" IN (0, 1)),
  "use_pam" INTEGER CHECK ("use_pam" IN (0, 1)),
  "pubkey_authentication" INTEGER CHECK ("pubkey_authentication" IN (0, 1)),
  "hostbased_authentication" INTEGER CHECK ("hostbased_authentication" IN (0, 1)),
  "permit_empty_passwords" INTEGER CHECK ("permit_empty_passwords" IN (0, 1)),
  "strict_modes" INTEGER CHECK ("strict_modes" IN (0, 1)),
  "login_grace_seconds" INTEGER,
  "max_auth_tries" INTEGER,
  "client_alive_interval" INTEGER,
  "client_alive_count_max" INTEGER,
  "unused_connection_timeout" INTEGER,
  "channel_timeout" TEXT,
  "shell_timeout" INTEGER,
  "authorized_keys_file" TEXT,
  "has_authorized_keys_command" INTEGER CHECK ("has_authorized_keys_command" IN (0, 1)),
  "has_trusted_user_ca" INTEGER CHECK ("has_trusted_user_ca" IN (0, 1)),
  "has_allow_list" INTEGER CHECK ("has_allow_list" IN (0, 1)),
  "banner" TEXT CHECK ("banner" IN ('none', '/etc/banner', '(another)')),
  "ciphers" TEXT,
  "macs" TEXT,
  "kex_algorithms" TEXT,
  "host_key_algorithms" TEXT,
  "pubkey_accepted_algorithms" TEXT,
  "hostbased_accepted_algorithms" TEXT,
  "ca_signature_algorithms" TEXT,
  "fips_algorithms_only" INTEGER CHECK ("fips_algorithms_only" IN (0, 1)),
  "has_match_blocks" INTEGER CHECK ("has_match_blocks" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "sudoers" (
  "source" TEXT NOT NULL,
  "header" TEXT NOT NULL,
  "rule_details" TEXT,
  "kind" TEXT NOT NULL CHECK ("kind" IN ('defaults', 'alias', 'include', 'rule')),
  "no_password" INTEGER CHECK ("no_password" IN (0, 1)),
  "all_commands" INTEGER CHECK ("all_commands" IN (0, 1)),
  "occurrence" INTEGER NOT NULL,
  "host_id" TEXT
) STRICT;

CREATE TABLE "table_status" (
  "table_name" TEXT NOT NULL,
  "status" TEXT NOT NULL CHECK ("status" IN ('ok', 'empty', 'partial', 'denied', 'unsupported', 'failed', 'not_recorded', 'skipped')),
  "row_count" INTEGER NOT NULL,
  "code" TEXT CHECK ("code" IN ('source_missing', 'source_failed', 'source_timed_out', 'output_too_large', 'permission_denied', 'full_disk_access_required', 'unsupported_macos', 'parse_failed', 'contradicted', 'row_invalid', 'not_recorded')),
  "reason" TEXT,
  "columns_affected" TEXT,
  "duration_ms" INTEGER,
  "last_good_time" INTEGER,
  "failed_sources" TEXT,
  "rows_may_be_missing" INTEGER CHECK ("rows_may_be_missing" IN (0, 1)),
  "columns_uncertain" TEXT,
  "columns_inapplicable" TEXT,
  "host_id" TEXT
) STRICT;

CREATE TABLE "user_groups" (
  "uid" INTEGER,
  "gid" INTEGER,
  "username" TEXT NOT NULL,
  "groupname" TEXT NOT NULL,
  "is_direct" INTEGER CHECK ("is_direct" IN (0, 1)),
  "host_id" TEXT
) STRICT;

CREATE TABLE "users" (
  "uid" INTEGER,
  "gid" INTEGER,
  "username" TEXT NOT NULL,
  "description" TEXT,
  "directory" TEXT,
  "shell" TEXT,
  "uuid" TEXT,
  "is_hidden" INTEGER CHECK ("is_hidden" IN (0, 1)),
  "is_admin" INTEGER CHECK ("is_admin" IN (0, 1)),
  "account_type" TEXT CHECK ("account_type" IN ('local', 'mobile', 'managed_admin', 'guest', 'root', 'setup_assistant', 'service')),
  "is_system_account" INTEGER CHECK ("is_system_account" IN (0, 1)),
  "can_login" INTEGER CHECK ("can_login" IN (0, 1)),
  "home_exists" INTEGER CHECK ("home_exists" IN (0, 1)),
  "password_hint_set" INTEGER CHECK ("password_hint_set" IN (0, 1)),
  "platform_sso_registered" INTEGER CHECK ("platform_sso_registered" IN (0, 1)),
  "is_awake" INTEGER CHECK ("is_awake" IN (0, 1)),
  "has_false_identity" INTEGER CHECK ("has_false_identity" IN (0, 1)),
  "uid_signed" INTEGER,
  "gid_signed" INTEGER,
  "type" TEXT,
  "home_mode" TEXT,
  "smart_card_paired" INTEGER CHECK ("smart_card_paired" IN (0, 1)),
  "host_id" TEXT
) STRICT;
