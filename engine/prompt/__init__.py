"""The prompt language: text to specs and back, pure; what the words mean to a model is the painter's business."""

from engine.prompt.checks.operations import spec_for
from engine.prompt.checks.outdated import refuse_outdated
from engine.prompt.checks.sizes import painted_size, size_for
from engine.prompt.checks.steps import most_by, steps_for
from engine.prompt.custom_options import check_option, check_suffix
from engine.prompt.errors import Faults, PromptFault, Source, show_faults
from engine.prompt.grammar.attention import attention
from engine.prompt.grammar.parts import normalised_weights
from engine.prompt.help import OPTION_HELP, PROMPT_HELP, SLASH_OPTIONS, help_for, help_lines
from engine.prompt.limits import Defaults, Limits, ModelFacts, Sides, Steps
from engine.prompt.parameter_type import Kind, Parameter
from engine.prompt.parameters import PARAMETERS
from engine.prompt.parser import Specs, parse
from engine.prompt.render import json_from_specs, render

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
