"""Who may open which page and make which call: a line for each, held against the routes.

A new page or call wants its line here: the act of `evisynth.review.PERMISSIONS` that one must be
allowed, or several of which one is enough. "read" is everybody of the team.
"""

from __future__ import annotations

from tests.web.adversary import filled

Need = str | tuple[str, ...]

PAGES: dict[str, Need] = {
    "/r/<review_id>/": "read",
    "/r/<review_id>/access/": "people",
    "/r/<review_id>/agreement/": "see agreement",
    "/r/<review_id>/analysis/": "run analysis",
    "/r/<review_id>/analysis/figure/": "run analysis",
    "/r/<review_id>/analysis/remove/": "read",
    "/r/<review_id>/analysis/save/": "read",
    "/r/<review_id>/assessment/": "read",
    "/r/<review_id>/assessment/compare/": "agree on assessment",
    "/r/<review_id>/assessment/sheet/": "agree on assessment",
    "/r/<review_id>/blinding/": "read",
    "/r/<review_id>/blinding/open/": "unblind",
    "/r/<review_id>/check/": "run analysis",
    "/r/<review_id>/conflicts/": "see conflicts",
    "/r/<review_id>/conflicts/one/": "read",
    "/r/<review_id>/delete/": "delete",
    "/r/<review_id>/document/": "run analysis",
    "/r/<review_id>/document/<build>/all/": "run analysis",
    "/r/<review_id>/document/<build>/file/<name>": "run analysis",
    "/r/<review_id>/document/<build>/view/": "run analysis",
    "/r/<review_id>/duplicates/": "deduplicate",
    "/r/<review_id>/duplicates/decided/": "deduplicate",
    "/r/<review_id>/duplicates/find/": "read",
    "/r/<review_id>/duplicates/group/": "deduplicate",
    "/r/<review_id>/duplicates/groups/": "deduplicate",
    "/r/<review_id>/duplicates/pair/": "deduplicate",
    "/r/<review_id>/export/": "export",
    "/r/<review_id>/export/file/": "export",
    "/r/<review_id>/export/list/": "export",
    "/r/<review_id>/extraction/": "read",
    "/r/<review_id>/extraction/compare/": "agree on extraction",
    "/r/<review_id>/extraction/sheet/": "agree on extraction",
    "/r/<review_id>/extraction/workbook/": "extract",
    "/r/<review_id>/extraction/workbook/download/": "extract",
    "/r/<review_id>/forms/": "read",
    "/r/<review_id>/forms/<name>/": "read",
    "/r/<review_id>/history/": "read",
    "/r/<review_id>/history/verify/": "history",
    "/r/<review_id>/import/": "read",
    "/r/<review_id>/import/<token>/": "import",
    "/r/<review_id>/people/": "read",
    "/r/<review_id>/people/leaving/": "people",
    "/r/<review_id>/people/one/": "people",
    "/r/<review_id>/pilot/": ("see conflicts", "see agreement"),
    "/r/<review_id>/records/": "read",
    "/r/<review_id>/records/<record>/": "read",
    "/r/<review_id>/records/many/": "read",
    "/r/<review_id>/records/one/": "read",
    "/r/<review_id>/records/origin/": "read",
    "/r/<review_id>/reports/": "read",
    "/r/<review_id>/reports/file/<sha256>/": "read",
    "/r/<review_id>/reports/files/": "attach",
    "/r/<review_id>/reports/next/": "read",
    "/r/<review_id>/reports/read/<record>/": "read",
    "/r/<review_id>/reports/upload/": "attach",
    "/r/<review_id>/reports/upload/<token>/": "attach",
    "/r/<review_id>/screen/<stage>/": "decide",
    "/r/<review_id>/screen/<stage>/mine/": "decide",
    "/r/<review_id>/stages/": "read",
    "/r/<review_id>/stopping/": "stop screening",
    "/r/<review_id>/studies/": "read",
    "/r/<review_id>/studies/one/": "read",
}
"""Pages of a review."""

CALLS: dict[str, Need] = {
    "GET /api/v1/reviews/{review_id}/access": "people",
    "GET /api/v1/reviews/{review_id}/check": "run analysis",
    "POST /api/v1/reviews/{review_id}/access/end": "people",
    "POST /api/v1/reviews/{review_id}/access/invite": "people",
    "POST /api/v1/reviews/{review_id}/access/take-away": "people",
    "GET /api/v1/reviews/{review_id}/analyses": "run analysis",
    "GET /api/v1/reviews/{review_id}/assessment/comparison": "agree on assessment",
    "GET /api/v1/reviews/{review_id}/assessment/results": "read",
    "GET /api/v1/reviews/{review_id}/blinding": "read",
    "GET /api/v1/reviews/{review_id}/criteria": "read",
    "GET /api/v1/reviews/{review_id}/documents": "run analysis",
    "GET /api/v1/reviews/{review_id}/duplicates": "deduplicate",
    "GET /api/v1/reviews/{review_id}/duplicates/decisions": "deduplicate",
    "GET /api/v1/reviews/{review_id}/duplicates/groups": "deduplicate",
    "GET /api/v1/reviews/{review_id}/duplicates/jobs": "deduplicate",
    "GET /api/v1/reviews/{review_id}/duplicates/pair": "deduplicate",
    "GET /api/v1/reviews/{review_id}/export": "export",
    "GET /api/v1/reviews/{review_id}/export/file": "export",
    "GET /api/v1/reviews/{review_id}/extraction/forms": "read",
    "GET /api/v1/reviews/{review_id}/extraction/forms/{form}": "read",
    "GET /api/v1/reviews/{review_id}/extraction/{form}/comparison": "agree on extraction",
    "GET /api/v1/reviews/{review_id}/extraction/{form}/studies": "read",
    "GET /api/v1/reviews/{review_id}/flow": "read",
    "GET /api/v1/reviews/{review_id}/history": "read",
    "GET /api/v1/reviews/{review_id}/history/verification": "history",
    "GET /api/v1/reviews/{review_id}/overview": "read",
    "GET /api/v1/reviews/{review_id}/people": "read",
    "GET /api/v1/reviews/{review_id}/people/leaving": "people",
    "GET /api/v1/reviews/{review_id}/record": "read",
    "GET /api/v1/reviews/{review_id}/records": "read",
    "GET /api/v1/reviews/{review_id}/reports": "read",
    "GET /api/v1/reviews/{review_id}/reports/file/{sha256}": "read",
    "GET /api/v1/reviews/{review_id}/retrieval": "read",
    "GET /api/v1/reviews/{review_id}/retrieval/uploads/{token}": "attach",
    "GET /api/v1/reviews/{review_id}/stages/{stage}/agreement": "see agreement",
    "GET /api/v1/reviews/{review_id}/stages/{stage}/card": "decide",
    "GET /api/v1/reviews/{review_id}/stages/{stage}/conflict": "see conflicts",
    "GET /api/v1/reviews/{review_id}/stages/{stage}/conflicts": "see conflicts",
    "GET /api/v1/reviews/{review_id}/stages/{stage}/decisions": "decide",
    "GET /api/v1/reviews/{review_id}/stages/{stage}/pilot": ("see conflicts", "see agreement"),
    "GET /api/v1/reviews/{review_id}/stages/{stage}/queue": "decide",
    "GET /api/v1/reviews/{review_id}/stages/{stage}/rules": "read",
    "GET /api/v1/reviews/{review_id}/stages/{stage}/stopping": "stop screening",
    "GET /api/v1/reviews/{review_id}/stages/{stage}/words": "read",
    "GET /api/v1/reviews/{review_id}/studies": "read",
    "GET /api/v1/reviews/{review_id}/studies/one": "read",
    "GET /api/v1/reviews/{review_id}/unblinding": "unblind",
    "POST /api/v1/reviews/{review_id}/analyses/preview": "run analysis",
    "POST /api/v1/reviews/{review_id}/analyses/remove": "run analysis",
    "POST /api/v1/reviews/{review_id}/analyses/save": "run analysis",
    "POST /api/v1/reviews/{review_id}/assessment/agree": "agree on assessment",
    "POST /api/v1/reviews/{review_id}/assessment/answers": "assess",
    "POST /api/v1/reviews/{review_id}/assessment/finish": "assess",
    "POST /api/v1/reviews/{review_id}/assessment/judgements": "assess",
    "POST /api/v1/reviews/{review_id}/assessment/propose": "agree on assessment",
    "POST /api/v1/reviews/{review_id}/assessment/reopen": "assess",
    "POST /api/v1/reviews/{review_id}/check": "run analysis",
    "POST /api/v1/reviews/{review_id}/criteria": "plan change",
    "POST /api/v1/reviews/{review_id}/documents": "run analysis",
    "POST /api/v1/reviews/{review_id}/documents/stop": "run analysis",
    "POST /api/v1/reviews/{review_id}/duplicates/decide": "deduplicate",
    "POST /api/v1/reviews/{review_id}/duplicates/find": "deduplicate",
    "POST /api/v1/reviews/{review_id}/duplicates/separate": "deduplicate",
    "POST /api/v1/reviews/{review_id}/duplicates/undo": "deduplicate",
    "POST /api/v1/reviews/{review_id}/export": "export",
    "POST /api/v1/reviews/{review_id}/extraction/forms/{form}/touched": "design forms",
    "POST /api/v1/reviews/{review_id}/extraction/{form}/agree": "agree on extraction",
    "POST /api/v1/reviews/{review_id}/extraction/{form}/agree-equal": "agree on extraction",
    "POST /api/v1/reviews/{review_id}/extraction/{form}/check": "agree on extraction",
    "POST /api/v1/reviews/{review_id}/extraction/{form}/finish": "extract",
    "POST /api/v1/reviews/{review_id}/extraction/{form}/reopen": "extract",
    "POST /api/v1/reviews/{review_id}/extraction/{form}/values": "extract",
    "POST /api/v1/reviews/{review_id}/history/verification": "history",
    "POST /api/v1/reviews/{review_id}/people": "people",
    "POST /api/v1/reviews/{review_id}/people/change": "people",
    "POST /api/v1/reviews/{review_id}/people/leaving": "people",
    "POST /api/v1/reviews/{review_id}/people/return": "people",
    "POST /api/v1/reviews/{review_id}/records/abstract": "attach",
    "POST /api/v1/reviews/{review_id}/records/note": "note",
    "POST /api/v1/reviews/{review_id}/records/tag": "tag",
    "POST /api/v1/reviews/{review_id}/reports/files/describe": "attach",
    "POST /api/v1/reviews/{review_id}/reports/files/remove": "attach",
    "POST /api/v1/reviews/{review_id}/reports/files/restore": "attach",
    "POST /api/v1/reviews/{review_id}/reports/notes": "note",
    "POST /api/v1/reviews/{review_id}/reports/notes/change": "note",
    "POST /api/v1/reviews/{review_id}/reports/notes/remove": "note",
    "POST /api/v1/reviews/{review_id}/retrieval": "retrieve",
    "POST /api/v1/reviews/{review_id}/retrieval/files": "attach",
    "POST /api/v1/reviews/{review_id}/retrieval/open-copy": "attach",
    "POST /api/v1/reviews/{review_id}/retrieval/uploads/{token}": "attach",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/conflicts/adjudicate": "adjudicate",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/conflicts/agree": "discuss",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/conflicts/change": "discuss",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/conflicts/take-back": "adjudicate",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/decisions": "decide",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/decisions/withdraw": "undo own decision",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/hold": "decide",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/pilot": "pilot",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/pilot/close": "pilot",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/records/decide": "decide",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/records/plan": "decide",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/rules": "plan change",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/stopping": "stop screening",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/stopping/stop": "stop screening",
    "POST /api/v1/reviews/{review_id}/stages/{stage}/stopping/{statement_id}/resume": (
        "stop screening"
    ),
    "POST /api/v1/reviews/{review_id}/stages/{stage}/words": "read",
    "POST /api/v1/reviews/{review_id}/studies/drop": "join reports",
    "POST /api/v1/reviews/{review_id}/studies/join": "join reports",
    "POST /api/v1/reviews/{review_id}/studies/main-report": "join reports",
    "POST /api/v1/reviews/{review_id}/studies/rename": "join reports",
    "POST /api/v1/reviews/{review_id}/studies/split": "join reports",
    "POST /api/v1/reviews/{review_id}/unblinding": "unblind",
    "PUT /api/v1/reviews/{review_id}/extraction/forms/{form}": "design forms",
    "PUT /api/v1/reviews/{review_id}/studies/characteristics": "join reports",
}
"""Calls of the API about a review."""

OPEN = frozenset(
    {
        "/favicon.ico", "/invitation/", "/invitation/<word>/", "/language/setlang/",
        # django-allauth's own: what leads in, and what says that it did not
        "/account/login/", "/account/logout/", "/account/inactive/", "/account/signup/",
        "/account/login/code/confirm/", "/account/2fa/authenticate/", "/account/confirm-email/",
        "/account/confirm-email/(?P<key>[-:\\w]+)/", "/account/password/reset/",
        "/account/password/reset/done/", "/account/password/reset/key/done/",
        "/account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/",
        "/account/3rdparty/login/cancelled/", "/account/3rdparty/login/error/",
        "/account/3rdparty/signup/", "/account/social/login/cancelled/",
        "/account/social/login/error/", "/account/social/signup/", "/account/social/connections/",
        "/account/oidc/(?P<provider_id>[/]+)/login/",
        "/account/oidc/(?P<provider_id>[/]+)/login/callback/",
    }
)  # fmt: skip
"""Addresses that nobody has to sign in for."""

ACCOUNT = frozenset(
    {
        "/", "/settings/", "/account/", "/account/tokens/", "/account/email/",
        "/account/reauthenticate/", "/account/password/change/", "/account/password/set/",
        "/account/2fa/", "/account/2fa/reauthenticate/", "/account/2fa/recovery-codes/",
        "/account/2fa/recovery-codes/download/", "/account/2fa/recovery-codes/generate/",
        "/account/2fa/totp/activate/", "/account/2fa/totp/deactivate/", "/account/3rdparty/",
        "/reviews/<review_id>/delete/", "/reviews/<review_id>/restore/",
        "/api/v1/", "/api/v1/docs", "/api/v1/openapi.json", "/api/v1/me", "/api/v1/reviews",
        "/api/v1/tokens", "/api/v1/tokens/<token_id>",
    }
)  # fmt: skip
"""Addresses outside a review for whoever has signed in."""

BODIES: dict[str, dict[str, object]] = {
    "POST /api/v1/reviews/{review_id}/retrieval": {"records": ["r01"], "status": "sought"},
}
"""Bodies of calls for which none can be made from the OpenAPI document alone."""

FILES = frozenset({"POST /api/v1/reviews/{review_id}/retrieval/files"})
"""Calls that want a file."""

WRITTEN_OUT = {
    "(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)": "1-abc",
    "(?P<key>[-:\\w]+)": "abc",
    "(?P<provider_id>[/]+)": "uni",
}
"""Parts of addresses that django-allauth writes as regular expressions, with a value each."""


def address_of(route: str) -> str:
    """Return one address of a route."""
    for part, value in WRITTEN_OUT.items():
        route = route.replace(part, value)
    return filled(route, "sleep")[0]
