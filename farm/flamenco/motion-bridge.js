// SPDX-License-Identifier: GPL-3.0-or-later
//
// Motion Bridge as a Flamenco job type. Put this file into the `scripts` folder of the Flamenco manager, and the
// extension on every worker's Blender.
//
// The frames of one take are made in order, each from the one before. So a task is a whole take; what is spread over
// workers is scenes, seeds and the key pictures that the scene's own engine renders. A task that runs again makes only
// what its take lacks.

const ENGINES = ["reproject", "deforum", "motionstream", "video", "comfyui"];

const JOB_TYPE = {
    label: "Motion Bridge",
    description: "Generated frames that follow the cameras of a .blend file's scenes, one task for each take",
    settings: [
        { key: "scenes", type: "string", eval: "C.scene.name",
          description: "Names of scenes with commas between them; empty: the one that the file was saved with" },
        { key: "frames", type: "string", required: true, eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
          description: "Frame range of every scene: 5, 1-48, or 1-48x2 for every second frame" },
        { key: "engine", type: "string", default: "reproject", choices: ENGINES,
          description: "What makes the frames" },
        { key: "seed", type: "int32", default: 0, description: "The seed of the first take" },
        { key: "takes", type: "int32", default: 1, description: "Takes of each scene, with rising seeds" },
        { key: "key_every", type: "int32", default: 0,
          description: "Renders every Nth frame as a key picture, in tasks of its own; 0: as the scene says" },
        { key: "key_chunk", type: "int32", default: 4, description: "Key pictures in one task" },
        { key: "output", type: "string", subtype: "dir_path", required: true,
          eval: "str(Path(abspath('//')) / 'motion_bridge')", description: "The folder for the takes" },

        { key: "blendfile", type: "string", required: true, visible: false,
          description: "The .blend file" },
    ],
};

const MOST_TASKS = 10000;
const LAST_FRAME = 1048574; // of Blender's timeline

function compileJob(job) {
    const settings = checked(job.settings);
    const frames = frameRange(settings.frames);
    const scenes = sceneNames(settings.scenes);
    const keys = settings.key_every > 0 ? keyFrames(frames, settings.key_every) : [];
    if (keys.length && keys[0] < 0) {
        throw new Error("Blender renders no negative frames by their number; shift the range, or set key_every to 0.");
    }
    const chunks = inChunks(keys, settings.key_chunk);
    const count = scenes.length * (settings.takes + chunks.length);
    if (count > MOST_TASKS) {
        throw new Error("This job would have " + count + " tasks; " + MOST_TASKS + " are the most.");
    }
    for (const scene of scenes) {
        const folder = path.join(settings.output, scene || "scene");
        const keyFolder = path.join(folder, "key_pictures");
        const keyTasks = chunks.map((chunk) => {
            const task = author.Task(title(scene, "key pictures " + chunk[0] + "-" + chunk[chunk.length - 1]), "blender");
            task.addCommand(keyCommand(settings, scene, keyFolder, chunk));
            job.addTask(task);
            return task;
        });
        for (let number = 0; number < settings.takes; number++) {
            const seed = settings.seed + number;
            const task = author.Task(title(scene, "take with seed " + seed), "blender");
            task.addCommand(takeCommand(settings, scene, path.join(folder, "seed_" + seed), seed, keyFolder));
            keyTasks.forEach((each) => task.addDependency(each));
            job.addTask(task);
        }
    }
}

// A whole take. Everything behind `-c motion_bridge` is the extension's own command line.
function takeCommand(settings, scene, folder, seed, keyFolder) {
    const keys = settings.key_every > 0 ? ["--key-pictures", keyFolder] : [];
    return author.Command("blender-render", {
        exe: "{blender}",
        exeArgs: "{blenderArgs}",
        argsBefore: [],
        blendfile: settings.blendfile,
        args: ofScene(scene).concat([
            "-c", "motion_bridge", "render",
            "--resume",
            "--engine", settings.engine,
            "--frames=" + settings.frames,
            "--seed=" + seed,
            "--output", folder,
        ], keys),
    });
}

// Some key pictures, by the scene's own engine. A worker that was killed may have left part of a file, so all of a
// task's are rendered again.
function keyCommand(settings, scene, folder, frames) {
    const again = "import bpy; r = bpy.context.scene.render; r.use_overwrite = True; r.use_placeholder = False";
    return author.Command("blender-render", {
        exe: "{blender}",
        exeArgs: "{blenderArgs}",
        argsBefore: [],
        blendfile: settings.blendfile,
        args: ofScene(scene).concat([
            "--python-expr", again,
            "--render-output", path.join(folder, "frame_####"),
            "--render-format", "PNG",
            "--use-extension", "1",
            "--render-frame", frames.join(","),
        ]),
    });
}

function ofScene(scene) {
    return scene ? ["--scene", scene] : [];
}

function title(scene, what) {
    return scene ? scene + ": " + what : what;
}

// The settings, refused where a name could be taken for an option, a path for another place, a number for another.
function checked(settings) {
    for (const name of ["seed", "takes", "key_every", "key_chunk"]) {
        if (!Number.isInteger(settings[name])) {
            throw new Error("The setting " + name + " must be a whole number.");
        }
    }
    if (settings.takes < 1 || settings.key_chunk < 1 || settings.key_every < 0) {
        throw new Error("The settings takes and key_chunk must be 1 or more, key_every 0 or more.");
    }
    if (ENGINES.indexOf(settings.engine) < 0) {
        throw new Error("There is no engine " + JSON.stringify(settings.engine) + "; choose " + ENGINES.join(", ") + ".");
    }
    for (const name of ["blendfile", "output"]) {
        const value = settings[name];
        // `{` begins a variable of Flamenco's; those that the manager itself puts into paths are replaced later.
        if (typeof value !== "string" || !value || value[0] === "-" || !plain(value)) {
            throw new Error("The setting " + name + " is " + JSON.stringify(value) + ", which is not a path.");
        }
        if (value.split(/[\\/]/).indexOf("..") >= 0) {
            throw new Error("The setting " + name + " contains \"..\"; write the folder that is meant.");
        }
    }
    if (!settings.blendfile.toLowerCase().endsWith(".blend")) {
        throw new Error("The setting blendfile is " + JSON.stringify(settings.blendfile) + ", which is not a .blend file.");
    }
    return settings;
}

// The scenes' names, which become folders: only what every system takes as the name of one.
function sceneNames(text) {
    if (typeof text !== "string" || !text.trim()) {
        return [""];
    }
    const names = text.split(",").map((name) => name.trim());
    names.forEach((name, at) => {
        const reserved = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?$/i.test(name);
        const same = names.slice(0, at).some((other) => other.toLowerCase() === name.toLowerCase());
        if (!name || name.length > 63 || name[0] === "-" || /[\\/:?<>|*"{}#]/.test(name) || !plain(name)) {
            throw new Error("The scene " + JSON.stringify(name) + " cannot name a folder; rename it, without \\/:?<>|*\"{}#.");
        }
        if (reserved || /^\.|[. ]$/.test(name)) {
            throw new Error("The scene " + JSON.stringify(name) + " cannot name a folder on every system; rename it.");
        }
        if (same) {
            throw new Error("The scene " + JSON.stringify(name) + " is named twice, or differs from another in case alone.");
        }
    });
    return names;
}

// No control characters, no half letters, nothing that turns the direction of writing.
function plain(text) {
    // eslint-disable-next-line no-control-regex
    return !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/.test(text) &&
        !/[\ud800-\udbff](?![\udc00-\udfff])|(^|[^\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

// The frames of 5, 1-48 or 1-48x2, rising.
function frameRange(text) {
    const found = /^(-?\d{1,7})(?:-(-?\d{1,7})(?:x(\d{1,7}))?)?$/.exec(typeof text === "string" ? text : "");
    if (!found) {
        throw new Error(JSON.stringify(text) + " is not a frame range; write 5, 1-48 or 1-48x2.");
    }
    const first = parseInt(found[1], 10);
    const last = found[2] === undefined ? first : parseInt(found[2], 10);
    const step = found[3] === undefined ? 1 : parseInt(found[3], 10);
    if (last < first || step < 1 || first < -LAST_FRAME || last > LAST_FRAME) {
        throw new Error("Frame range " + text + " is reversed, without a step, or outside of Blender's timeline.");
    }
    const frames = [];
    for (let frame = first; frame <= last; frame += step) {
        frames.push(frame);
    }
    return frames;
}

// Every Nth of the frames, and the last.
function keyFrames(frames, every) {
    const last = frames.length - 1;
    return frames.filter((frame, at) => at % every === 0 || at === last);
}

function inChunks(list, size) {
    const chunks = [];
    for (let at = 0; at < list.length; at += size) {
        chunks.push(list.slice(at, at + size));
    }
    return chunks;
}
