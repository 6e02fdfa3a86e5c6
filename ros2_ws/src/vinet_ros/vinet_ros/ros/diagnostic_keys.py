# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

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
        "enabled": "false after ~/enable said so: the camera is not subscribed to",
        "failures": "transitions that failed since the start",
        "recoveries": "times that the node started again by itself after a failure at work",
    },
    "input": {
        "topic": "resolved name of the image topic",
        "transport": "raw or compressed",
        "publishers": "publishers on the topic now",
        "frames_received": "images that reached the node since it subscribed",
        "frames_used": "of these, images that went into the window",
        "frames_sent": "images that their publishers numbered since the first that arrived",
        "frames_expected": "images that the stamps leave room for",
        "received_share": "frames_received / frames_sent (where not numbered: frames_expected)",
        "lost_in_transport": "images that the middleware itself reports as lost",
        "rate_hz": "arrivals over the last ten seconds",
        "rate_window_s": "the time that rate_hz is taken over",
        "expected_rate_hz": "what rate_hz would be if none of them had been lost",
        "least_rate_hz": "image_rate_min_hz less 10 %: below it rate_hz is a warning; 0: no bound",
        "greatest_rate_hz": "image_rate_max_hz and 10 %: above it is a warning; 0: no bound",
        "gaps": "times that a stamp came more than 1.5 periods after the one before",
        "longest_gap_s": "the longest gap between two stamps",
        "silence_s": "time since the last image",
        "width": "of the newest image",
        "height": "of the newest image",
        "encoding": "of the newest image; of a compressed one its format",
        "stream_changes": "times that the encoding or the rate changed",
        "unusable_images": "images whose content contradicts itself or cannot be decoded",
        "qos_mismatches": "publishers whose quality of service does not fit the subscription",
    },
    "stamps": {
        "age_min_ms": "least age of an image on arrival since the last message",
        "age_max_ms": "greatest age of an image on arrival since the last message",
        "age_least_ms": "least age that is allowed; negative: ahead of the clock",
        "age_greatest_ms": "greatest age that is allowed before it is an error",
        "good": "images with a good stamp since activation",
        "zero": "images without a stamp: dropped",
        "future": "images stamped more than a second ahead of the clock: dropped",
        "too_old": "images older than max_age_s: dropped",
        "repeated": "images with the stamp of the one before: dropped",
        "out_of_order": "images up to 0.2 s older than the one before: dropped",
        "clock_jumps": "jumps of the clock, simulated or set by somebody",
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
        "under_way_s": "how long the present prediction has taken so far; 0 between two",
        **_TIMES,
    },
    "latency": {
        **_TIMES,
        "convert_p50_ms": "check of a raw message, decoding of a compressed one, last ten seconds",
        "resize_p50_ms": "conversion and resize into the window, last ten seconds",
        "predict_p50_ms": "network, last ten seconds",
        "publish_p50_ms": "gaze and pictures, last ten seconds",
    },
    "outputs": {
        **{
            topic: "messages made since configure; none while nobody listens"
            for topic in (
                "gaze/target",
                "gaze/pixel",
                "gaze/candidates",
                "gaze/markers",
                "saliency/image",
                "saliency/camera_info",
                "saliency/image_mono",
                "saliency/overlay",
                "saliency/overlay/compressed",
            )
        },
        "failed_messages": "messages that could not be made or published",
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
        "stabilize": "on, off, or not with this network: the camera's own motion off the window",
        "shared_by": "who uses the network, where several nodes of a process share it",
        "together_limit": "windows of different nodes that may go through it together",
        "together_reason": "why so many",
        "together_mean": "windows that went together, mean of the last hundred times",
        "together_largest": "most of them since the start",
        "wait_p50_ms": "median wait of this node for its turn, of the last hundred",
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
