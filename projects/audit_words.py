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
    "run.tried_now": "had the run {target} tried before its time",
    "signing_key.created": "generated the signing key {target}",
    "signing_key.revoked": "revoked the signing key {target}",
}
_SAID_BY_THE_SENTENCE = {"role", "before", "after"}


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
    said = _SAID_BY_THE_SENTENCE if entry.action in _SENTENCES else set()
    known = {key: value for key, value in entry.details.items() if key not in said and value not in (None, "")}
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
