/**
 * Tools that OpenClaw brings itself (2026.7.1 to 2026.9.6, all that a model is sent): their source is bundled with it, in no workspace.
 * A plugin can't take one of these names.
 */
const builtIn: ReadonlySet<string> = new Set([
  ...['agents_list', 'agents_wait', 'apply_patch', 'ask_user', 'automations', 'browser', 'canvas', 'conversations_list'],
  ...['conversations_send', 'conversations_turn', 'create_goal', 'cron', 'dashboard', 'dir_fetch', 'dir_list', 'edit', 'exec'],
  ...['file_fetch', 'file_write', 'gateway', 'get_goal', 'intent', 'ls', 'memory_get', 'memory_search', 'message', 'mobile_ui'],
  ...['node_inference', 'nodes', 'openclaw', 'plugins', 'portal', 'process', 'progress_card', 'read', 'secrets', 'session_status'],
  ...['sessions', 'sessions_history', 'sessions_list', 'sessions_search', 'sessions_send', 'sessions_spawn', 'sessions_yield'],
  ...['skill_workshop', 'subagents', 'talk_voice', 'terminal', 'theme', 'tool_call', 'tool_describe', 'tool_search', 'transcripts', 'tts'],
  ...['update_goal', 'update_plan', 'web_fetch', 'web_search', 'write'],
]);

/** As Tool Search names OpenClaw itself as the owner of a tool. */
export const coreOwner = 'core';

/** `owner`: of a call that came through Tool Search. */
export function isBuiltIn(tool: string, owner: string | null = null): boolean {
  return owner === coreOwner || builtIn.has(tool);
}
