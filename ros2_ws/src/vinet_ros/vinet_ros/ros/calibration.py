"""The camera behind the images: its calibration, or a guess while there is none."""

from dataclasses import dataclass
from typing import Any

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PinholeCamera
from vinet_ros.ros.messages import camera_info_to_camera, describe_camera, scale_camera_info

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CameraView:
    """What is known of the camera of an image.

    Args:
        camera: Intrinsics for the image's size.
        problem: Why they are a guess; empty when calibrated.
        info: The CameraInfo behind them; None without a calibration.
    """

    camera: PinholeCamera
    problem: str
    info: Any = None

    def info_for(self, size: Size, header: Any, message_type: type) -> Any:
        """Return a CameraInfo for the same view in another size.

        Without a calibration it describes the camera that is assumed instead.

        Args:
            size: (height, width) of the other image.
            header: The header it gets.
            message_type: sensor_msgs/CameraInfo.
        """
        height, width = size
        if self.info is not None:
            info = scale_camera_info(self.info, width, height)
        else:
            info = message_type()
            describe_camera(info, self.camera.scaled(width, height))
        info.header = header
        return info


class Calibration:
    """Keeps the newest CameraInfo and turns it into a camera when an image asks for one."""

    def __init__(self) -> None:
        self._info: Any = None
        self._cached: tuple[object, CameraView] | None = None

    def take(self, info: Any) -> None:
        """Keep a CameraInfo; it is looked at when a view is asked for."""
        self._info = info

    def view(self, size: Size, fallback_hfov_deg: float) -> CameraView:
        """Return the camera of an image of a size (height, width).

        Args:
            size: Of the image.
            fallback_hfov_deg: Horizontal field of view assumed without a calibration.
        """
        info = self._info
        identity = (_content(info), size, fallback_hfov_deg)
        cached = self._cached  # read once: both threads of the node ask
        if cached is None or cached[0] != identity:
            cached = self._cached = (identity, _view(info, size, fallback_hfov_deg))
        return cached[1]


def _view(info: Any, size: Size, fallback_hfov_deg: float) -> CameraView:
    height, width = size
    assumed = PinholeCamera.from_hfov(width, height, fallback_hfov_deg)
    if info is None:
        return CameraView(assumed, "no camera_info arrived")
    try:
        camera = camera_info_to_camera(info, size)
    except FrameError as error:
        return CameraView(assumed, str(error))
    if camera is None:
        return CameraView(assumed, "camera_info says that the camera is not calibrated")
    return CameraView(camera, "", info)


def _content(info: Any) -> object:
    if info is None:
        return None
    roi = info.roi
    return (
        *(tuple(info.k), tuple(info.d), info.distortion_model, info.width, info.height),
        *(roi.x_offset, roi.y_offset, roi.width, roi.height, info.binning_x, info.binning_y),
    )
