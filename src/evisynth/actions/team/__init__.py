"""The acts of a team in the browser: who, what, and what it came to."""

from evisynth.actions.team.agreement import (
    Agreeing,
    KeptStatement,
    Stopping,
    agreement_at,
    keep_stopping,
    stopping_at,
)
from evisynth.actions.team.board import Board
from evisynth.actions.team.conflicts import (
    Conflict,
    ConflictList,
    adjudicate,
    agree_together,
    change_vote,
    conflict_on,
    conflicts_of,
    count_conflicts,
    take_settlement_back,
)
from evisynth.actions.team.desk import Desk, NotThereError, RefusedError, board_of, seated
from evisynth.actions.team.leases import (
    renew_leases,
)
from evisynth.actions.team.pilot import (
    Gate,
    PilotRound,
    close_pilot,
    draw_pilot,
    pilot_gate,
    pilot_rounds,
)
from evisynth.actions.team.ranking import (
    ranking_for,
    wait_for_rankings,
)
from evisynth.actions.team.seeing import (
    SeenStage,
    progress_of,
    seen_record,
    seen_states,
    seen_tags,
    seen_votes,
    stage_status,
    unblindings,
)
from evisynth.actions.team.voting import (
    Card,
    OwnDecisions,
    Saved,
    Words,
    card_of,
    decide,
    next_cards,
    own_decisions,
    own_words,
    set_words,
    withdraw,
)
from evisynth.screening import RecordState
from evisynth.storage import RecordLine

__all__ = [
    "Agreeing",
    "Board",
    "Card",
    "Conflict",
    "ConflictList",
    "Desk",
    "Gate",
    "KeptStatement",
    "NotThereError",
    "OwnDecisions",
    "PilotRound",
    "RecordLine",
    "RecordState",
    "RefusedError",
    "Saved",
    "SeenStage",
    "Stopping",
    "Words",
    "adjudicate",
    "agree_together",
    "agreement_at",
    "board_of",
    "card_of",
    "change_vote",
    "close_pilot",
    "conflict_on",
    "conflicts_of",
    "count_conflicts",
    "decide",
    "draw_pilot",
    "keep_stopping",
    "next_cards",
    "own_decisions",
    "own_words",
    "pilot_gate",
    "pilot_rounds",
    "progress_of",
    "ranking_for",
    "renew_leases",
    "seated",
    "seen_record",
    "seen_states",
    "seen_tags",
    "seen_votes",
    "set_words",
    "stage_status",
    "stopping_at",
    "take_settlement_back",
    "unblindings",
    "wait_for_rankings",
    "withdraw",
]
