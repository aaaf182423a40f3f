"""Every attack by its name."""

from tests.attack.by_events import EVENTS
from tests.attack.by_load import LOADS
from tests.attack.by_silence import SILENCES
from tests.attack.by_size import SIZES

ATTACKS = EVENTS | SIZES | SILENCES | LOADS
