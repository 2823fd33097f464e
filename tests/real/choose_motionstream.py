"""Chooses MotionStream inside Blender: … -P choose_motionstream.py -- PYTHON MODEL FILE"""

import sys

import bpy

python, model, path = sys.argv[sys.argv.index("--") + 1 :]
bpy.context.preferences.addons["bl_ext.user_default.motion_bridge"].preferences.python = python
bpy.ops.wm.save_userpref()
settings = bpy.context.scene.motion_bridge
settings.engine, settings.grid = "motionstream", 8
settings.motionstream.model, settings.motionstream.model_folder = "FOLDER", model
settings.motionstream.device = "cpu"
followed = settings.tracks.sources.add()
followed.object = next(thing for thing in bpy.context.scene.objects if thing.type == "MESH")
bpy.ops.wm.save_as_mainfile(filepath=path)
