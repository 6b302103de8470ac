"""The audit log in sentences."""

from projects.models import AuditEntry

# Rooms above record "<noun>.<what was done>"; that reads as a sentence by itself. What reads better is written out here.
_SENTENCES = {
    "project.created": "created the project {target}",
    "project.changed": "changed the project's settings",
    "member.added": "added {target} as {role}",
    "member.invited": "invited {target} as {role}",
    "member.invitation_withdrawn": "withdrew the invitation of {target}",
    "member.role_changed": "changed {target} from {before} to {after}",
    "member.removed": "removed {target} from the project",
    "member.left": "left the project",
    "credential.connected": "connected the account {target}",
    "credential.disconnected": "disconnected the account {target}",
    "credential.reserve_changed": "changed the API calls reserved in {target}",
    "integration.settings_saved": "saved the settings of the integration {target}",
    "run.decided": "decided about the run {target}",
    "run.tried_now": "had the run {target} tried before its time",
    "signing_key.created": "generated the signing key {target}",
    "signing_key.revoked": "revoked the signing key {target}",
    "workflow.version_restored": "restored a version of the workflow {target}",
}
_DONE_BY_END_USERS = {"credential.connected", "credential.disconnected"}


def who(entry: AuditEntry) -> str:
    """Name who did it: the member, the end user who connected or disconnected an account, else a command."""
    if entry.actor:
        return str(entry.actor)
    if entry.action in _DONE_BY_END_USERS and (user_id := entry.details.get("user_id")):
        return f"The user {user_id}"
    return "A command"


def sentence(entry: AuditEntry) -> str:
    """What was done, without who did it: "revoked the signing key Production"."""
    words = {**{key: str(value) for key, value in entry.details.items()}, "target": entry.target}
    pattern = _SENTENCES.get(entry.action)
    if pattern:
        try:
            return pattern.format_map(words)
        except KeyError:
            pass
    noun, _, verb = entry.action.partition(".")
    return " ".join(f"{verb} the {noun} {entry.target}".replace("_", " ").split()) if verb else entry.action


def action_words(action: str) -> str:
    """An action's name in a filter: "signing_key.revoked" gives "Signing key: revoked"."""
    noun, _, verb = action.partition(".")
    return f"{noun}: {verb}".replace("_", " ").capitalize()


def details(entry: AuditEntry) -> list[tuple[str, str]]:
    """What else is known, as pairs of words; a change of a value reads "before → after"."""
    said = _SENTENCES.get(entry.action, "")
    known = {key: value for key, value in entry.details.items() if f"{{{key}}}" not in said and value not in (None, "")}
    return [(key.replace("_", " ").capitalize(), _shown(value)) for key, value in known.items()]


def _shown(value: object) -> str:
    match value:
        case {"before": before, "after": after}:
            return f"{_shown(before)} → {_shown(after)}"
        case list():
            return ", ".join(str(item) for item in value) or "none"
        case None | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
