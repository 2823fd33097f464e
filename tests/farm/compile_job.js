// Compiles Flamenco jobs as the manager does, with stand-ins for the two objects that it gives a script:
//
//     node compile_job.js JOB_TYPE.js '[{"scenes": "…", …}, …]'
//
// prints a list as JSON: of each job its tasks, or the fault that the script throws.

const vm = require("vm");
const fs = require("fs");
const posix = require("path").posix;

class Task {
    constructor(name, type) {
        Object.assign(this, { name, type, commands: [], dependencies: [] });
    }
    addCommand(command) {
        this.commands.push(command);
    }
    addDependency(task) {
        this.dependencies.push(task.name);
    }
}

const author = {
    Task: (name, type) => new Task(name, type),
    Command: (name, parameters) => ({ name, parameters }),
};
const context = vm.createContext({ author, path: { join: posix.join } });
vm.runInContext(fs.readFileSync(process.argv[2], "utf8") + ";this.type = JOB_TYPE; this.compile = compileJob;", context);

function compiled(given) {
    const settings = {};
    for (const setting of context.type.settings) {
        settings[setting.key] = setting.key in given ? given[setting.key] : setting.default;
    }
    const job = { settings, tasks: [], addTask: (task) => job.tasks.push(task) };
    try {
        context.compile(job);
        return { type: context.type, tasks: job.tasks };
    } catch (fault) {
        return { fault: fault.message };
    }
}

console.log(JSON.stringify(JSON.parse(process.argv[3]).map(compiled)));
