"""Names for the shapes that cross module borders here.

API objects stay plain dictionaries: they arrive as JSON, leave as JSON, and a server that holds many of them
cannot afford a model around each.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Obj = dict[str, Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
