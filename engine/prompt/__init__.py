"""The prompt language: text to specs and back, pure; what the words mean to a model is the painter's business."""

from engine.prompt.attention import attention
from engine.prompt.faults import Faults, PromptFault, Source, show_faults
from engine.prompt.help import OPTION_HELP, PROMPT_HELP, SLASH_OPTIONS, help_for, help_lines
from engine.prompt.limits import Defaults, Limits, ModelFacts, Sides, Steps
from engine.prompt.operations import spec_for
from engine.prompt.own import check_option, check_suffix
from engine.prompt.parameter import Kind, Parameter
from engine.prompt.parser import Specs, parse
from engine.prompt.parts import normalised_weights
from engine.prompt.render import json_from_specs, render
from engine.prompt.renewal import refuse_outdated
from engine.prompt.sizes import painted_size, size_for
from engine.prompt.steps import most_by, steps_for
from engine.prompt.table import PARAMETERS

__all__ = [
    "OPTION_HELP",
    "PARAMETERS",
    "PROMPT_HELP",
    "SLASH_OPTIONS",
    "Defaults",
    "Faults",
    "Kind",
    "Limits",
    "ModelFacts",
    "Parameter",
    "PromptFault",
    "Sides",
    "Source",
    "Specs",
    "Steps",
    "attention",
    "check_option",
    "check_suffix",
    "help_for",
    "help_lines",
    "json_from_specs",
    "most_by",
    "normalised_weights",
    "painted_size",
    "parse",
    "refuse_outdated",
    "render",
    "show_faults",
    "size_for",
    "spec_for",
    "steps_for",
]
