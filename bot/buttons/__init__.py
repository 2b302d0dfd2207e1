"""The buttons, one file for each verb: its class owns the id, the labels, the place on the cards and the action."""

from bot.buttons.about_member import MemberButton
from bot.buttons.adapter import ADAPTER_BUTTONS
from bot.buttons.animate import AnimateHighButton, AnimateLowButton
from bot.buttons.appeal import AppealButton
from bot.buttons.base import JobButton
from bot.buttons.best import BestButton
from bot.buttons.cancel import CancelAllButton, CancelButton
from bot.buttons.changes import ChangesButton
from bot.buttons.compare import NeitherButton, SideButton, StopButton
from bot.buttons.consent import PublishingButton, SaveConsentButton, TrainingButton
from bot.buttons.cost import COST_BUTTONS
from bot.buttons.custom_zoom import CustomZoomButton
from bot.buttons.delete import AskDeleteButton, DeleteButton, KeepButton
from bot.buttons.describe import DescribeButton
from bot.buttons.enlarge import (
    CreativeFactorButton,
    SubtleFactorButton,
    UpscaleCreativeButton,
    UpscaleSubtleButton,
)
from bot.buttons.favourite import FavouriteButton
from bot.buttons.found import PageButton, ShowButton
from bot.buttons.guild_page import GuildPageButton
from bot.buttons.moderate import CASE_BUTTONS
from bot.buttons.more import MoreButton
from bot.buttons.own_settings import OWN_CONTROLS
from bot.buttons.pan import PanDownButton, PanLeftButton, PanRightButton, PanUpButton
from bot.buttons.panel_control import PanelControl
from bot.buttons.picture_prompt import HiddenPicturePromptButton, PicturePromptButton
from bot.buttons.privacy import ChoicesButton, DownloadButton, EraseAllButton, EraseButton, StayButton
from bot.buttons.quarantine import GiveUpButton, RetryButton
from bot.buttons.rate import RateButton, RatePictureButton, TakeBackButton
from bot.buttons.region import (
    BottomCellButton,
    MiddleCellButton,
    NameRegionButton,
    PaintMaskButton,
    PaintRegionButton,
    RegionButton,
    RewordRegionButton,
    TopCellButton,
)
from bot.buttons.report import ReportButton
from bot.buttons.reroll import RerollButton
from bot.buttons.save import SaveButton
from bot.buttons.server_gallery import GALLERY_CONTROLS
from bot.buttons.server_general import GENERAL_CONTROLS
from bot.buttons.server_limits import LIMITS_CONTROLS
from bot.buttons.server_safety import SAFETY_CONTROLS
from bot.buttons.suggestion import SuggestionButton
from bot.buttons.train_form import TrainForm
from bot.buttons.upscale import UpscaleButton
from bot.buttons.vary import VaryButton, VaryStrongButton, VarySubtleButton
from bot.buttons.withheld import WithheldButton
from bot.buttons.zoom import SquareButton, ZoomOutButton, ZoomOutLessButton

BUTTONS: tuple[type[JobButton], ...] = (
    UpscaleButton,
    VaryButton,
    UpscaleSubtleButton,
    UpscaleCreativeButton,
    VarySubtleButton,
    VaryStrongButton,
    RegionButton,
    AnimateHighButton,
    AnimateLowButton,
    ZoomOutButton,
    ZoomOutLessButton,
    CustomZoomButton,
    SquareButton,
    PanLeftButton,
    PanRightButton,
    PanUpButton,
    PanDownButton,
    RerollButton,
    RateButton,
    RatePictureButton,
    TakeBackButton,
    BestButton,
    FavouriteButton,
    SaveButton,
    MoreButton,
    DescribeButton,
    SuggestionButton,
    ReportButton,
    AskDeleteButton,
    DeleteButton,
    KeepButton,
    TopCellButton,
    MiddleCellButton,
    BottomCellButton,
    PaintRegionButton,
    RewordRegionButton,
    NameRegionButton,
    PaintMaskButton,
    SubtleFactorButton,
    CreativeFactorButton,
    SideButton,
    NeitherButton,
    StopButton,
    ShowButton,
    PageButton,
    PicturePromptButton,
    HiddenPicturePromptButton,
    CancelButton,
    CancelAllButton,
    RetryButton,
    GiveUpButton,
    *CASE_BUTTONS,
    *ADAPTER_BUTTONS,
    AppealButton,
    WithheldButton,
)

MEMBER_BUTTONS: tuple[type[MemberButton], ...] = (
    TrainingButton,
    PublishingButton,
    SaveConsentButton,
    ChoicesButton,
    DownloadButton,
    EraseButton,
    EraseAllButton,
    StayButton,
)
"""Those about the member who presses, not about a job."""

GUILD_BUTTONS: tuple[type[GuildPageButton], ...] = (*COST_BUTTONS, ChangesButton)
"""Those for whoever manages a server."""

PANEL_CONTROLS: tuple[type[PanelControl], ...] = (
    *GENERAL_CONTROLS,
    *GALLERY_CONTROLS,
    *LIMITS_CONTROLS,
    *SAFETY_CONTROLS,
    *OWN_CONTROLS,
    TrainForm,
)
"""The buttons and selects of panels, and the form of `/train`."""

__all__ = ["BUTTONS", "GUILD_BUTTONS", "MEMBER_BUTTONS", "PANEL_CONTROLS"]
