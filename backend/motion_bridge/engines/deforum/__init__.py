"""Engine 2: the previous picture is warped, cleaned, given to an image model and fed back."""
