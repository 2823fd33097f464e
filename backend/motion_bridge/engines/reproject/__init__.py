"""Engine 1: moves a picture along the true motion of camera and objects. numpy alone."""
