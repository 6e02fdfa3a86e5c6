"""The keys of saliency_node's diagnostics: status by status, key by key, with their meaning.

Other programs read these; renaming one is a change of interface.
"""

from collections.abc import Mapping

_TIMES = {
    "p50_ms": "median over the last ten seconds",
    "p95_ms": "95th percentile over the last ten seconds",
    "max_ms": "longest of the last ten seconds",
    "total_count": "how many since activation",
    "total_p50_ms": "median since activation, to 2 %",
    "total_p95_ms": "95th percentile since activation, to 2 %",
    "total_max_ms": "longest since activation",
}

STATUSES: Mapping[str, Mapping[str, str]] = {
    "lifecycle": {
        "state": "lifecycle state",
        "reason": "why the last transition ended as it did",
        "enabled": "false after ~/enable said so: images are not looked at",
        "failures": "transitions that failed since the start",
        "recoveries": "times that the node started again by itself after a failure at work",
    },
    "input": {
        "topic": "resolved name of the image topic",
        "transport": "raw or compressed",
        "publishers": "publishers on the topic now",
        "frames_received": "images that reached the node since activation",
        "frames_sent": "images that their publishers numbered since the first that arrived",
        "frames_expected": "images that the stamps leave room for",
        "received_share": "frames_received / frames_sent (where not numbered: frames_expected)",
        "lost_in_transport": "images that the middleware itself reports as lost",
        "rate_hz": "arrivals over the last ten seconds",
        "expected_rate_hz": "what rate_hz would be if none of them had been lost",
        "gaps": "times that a stamp came more than 1.5 periods after the one before",
        "longest_gap_s": "the longest gap between two stamps",
        "silence_s": "time since the last image",
        "width": "of the newest image",
        "height": "of the newest image",
        "unusable_images": "images whose content contradicts itself or cannot be decoded",
        "qos_mismatches": "publishers whose quality of service does not fit the subscription",
    },
    "stamps": {
        "age_min_ms": "least age of an image on arrival since the last message",
        "age_max_ms": "greatest age of an image on arrival since the last message",
        "good": "images with a good stamp since activation",
        "zero": "images without a stamp: dropped",
        "future": "images stamped more than a second ahead of the clock: dropped",
        "too_old": "images older than max_age_s: dropped",
        "repeated": "images with the stamp of the one before: dropped",
        "out_of_order": "images up to 0.2 s older than the one before: dropped",
        "clock_jumps": "jumps of a simulated clock",
    },
    "window": {
        "fill": "share of the window's slots that have passed since its start",
        "slots": "slots of the window",
        "rate_hz": "slots a second; negative: every image is a slot",
        "gaps": "restarts after a gap over max_gap_s",
        "jumps_back": "restarts after a stamp that jumped back",
        "size_changes": "restarts after a new image size",
        "resets": "restarts on request",
        "repeated_slots": "slots that no image reached",
        "replaced": "images that took the place of the newest slot",
    },
    "inference": {
        "rate_hz": "predictions a second over the last ten seconds",
        "skipped_windows": "images that were followed by a newer one before their turn",
        "failed_predictions": "predictions that gave an error or NaN",
        **_TIMES,
    },
    "latency": {
        **_TIMES,
        "convert_p50_ms": "message to RGB array, last ten seconds",
        "resize_p50_ms": "RGB array into the window, last ten seconds",
        "predict_p50_ms": "network, last ten seconds",
        "publish_p50_ms": "gaze and pictures, last ten seconds",
    },
    "model": {
        "model": "name of the network",
        "why": "why this network",
        "trained": "whether it has weights",
        "weights": "name of the weights' file",
        "weights_sha256": "its hash",
        "path": "how it is executed",
        "device": "where it is executed",
        "device_reason": "why there and so",
        "device_failures": "times that the device failed and the CPU took over",
    },
    "camera": {
        "topic": "resolved name of the camera_info topic",
        "calibrated": "whether the gaze rests on a calibration",
        "problem": "why it does not",
        "hfov_deg": "horizontal field of view in use, lens distortion left aside",
    },
    "process": {
        "cpu_share": "CPU time since the last message; 1 is a whole core",
        "memory_mib": "resident memory",
        "threads": "Python threads",
        "gpu_memory_mib": "memory that PyTorch holds on the GPU",
        "errors": "errors of all kinds since activation",
        "last_error": "the newest of them",
        "last_error_age_s": "time since then",
    },
}
