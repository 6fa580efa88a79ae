"""What figures of satisfaction are called and how they are written."""

from __future__ import annotations

from cim.i18n import N_, _, format_number, format_percent
from cim.models.survey import AnswerView, FigureView, SurveyKind

KINDS = {
    SurveyKind.CSAT: N_("Satisfaction (CSAT)"),
    SurveyKind.NPS: N_("Recommendation (NPS)"),
    SurveyKind.CES: N_("Effort (CES)"),
}
MEANINGS = {
    SurveyKind.CSAT: N_("The share of answers 4 and 5 on a scale from 1 to 5. Ratings of tickets count."),
    SurveyKind.NPS: N_("Per cent of 9 and 10 less per cent of 0 to 6, from -100 to 100."),
    SurveyKind.CES: N_("The mean on a scale from 1 (very hard) to 7 (very easy)."),
}
STATES = {"open": N_("Open"), "used": N_("Answered"), "expired": N_("Expired"), "withdrawn": N_("Withdrawn")}
_TOP = {SurveyKind.CSAT: 5, SurveyKind.NPS: 10, SurveyKind.CES: 7}


def figure(found: FigureView) -> str:
    """A figure as text; a dash where nobody answered."""
    if found.value is None:
        return "—"
    match found.kind:
        case SurveyKind.CSAT:
            return format_percent(found.value, 0)
        case SurveyKind.NPS:
            return f"{found.value:+.0f}"
        case SurveyKind.CES:
            return format_number(found.value, 1)


def count(found: FigureView) -> str:
    """How many answers are behind a figure, and how sure it is."""
    told = _("{count} answers", count=format_number(found.n))
    if found.low is None or found.high is None:
        return told
    return told + " · " + _("95 % between {low} and {high}", low=f"{found.low:+.0f}", high=f"{found.high:+.0f}")


def score(answer: AnswerView) -> str:
    """A score with its scale."""
    return f"{answer.score}/{_TOP[answer.kind]}"
