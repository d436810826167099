"""Outcome data as extracted from reports: forms, values, checks, consensus, tables."""

from evisynth.extraction.checks import Finding, check_row
from evisynth.extraction.consensus import (
    AgreedTable,
    ComparedCell,
    StudyStage,
    agreed_table,
    compare_entries,
    may_see_others,
    stage_of_study,
)
from evisynth.extraction.conversions_offered import CONVERSIONS, Conversion, Offer, offers_for
from evisynth.extraction.entries import (
    EntryProblem,
    ValueEntry,
    entry_of,
    number_in,
    read_value,
    same_value,
)
from evisynth.extraction.form_templates import TEMPLATES, form_template
from evisynth.extraction.forms import (
    FIELD_TYPES,
    Cell,
    FieldGroup,
    FieldType,
    Form,
    FormChange,
    FormField,
    compare_forms,
    parse_form,
    row_key,
    split_row,
)
from evisynth.extraction.kinds import FACTS, KINDS, KindRules, OutcomeTable, enough
from evisynth.extraction.outcome_data import (
    DataKind,
    Outcome,
    OutcomeRow,
)
from evisynth.extraction.reading import check_duplicate_rows, read_outcome_rows

__all__ = [
    "CONVERSIONS",
    "FACTS",
    "FIELD_TYPES",
    "KINDS",
    "TEMPLATES",
    "AgreedTable",
    "Cell",
    "ComparedCell",
    "Conversion",
    "DataKind",
    "EntryProblem",
    "FieldGroup",
    "FieldType",
    "Finding",
    "Form",
    "FormChange",
    "FormField",
    "KindRules",
    "Offer",
    "Outcome",
    "OutcomeRow",
    "OutcomeTable",
    "StudyStage",
    "ValueEntry",
    "agreed_table",
    "check_duplicate_rows",
    "check_row",
    "compare_entries",
    "compare_forms",
    "enough",
    "entry_of",
    "form_template",
    "may_see_others",
    "number_in",
    "offers_for",
    "parse_form",
    "read_outcome_rows",
    "read_value",
    "row_key",
    "same_value",
    "split_row",
    "stage_of_study",
]
