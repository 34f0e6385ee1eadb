using DotnetExtension;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

// The genuine Durable extension in a WebJobs host, whose functions are in another process: it posts each call to the URL
// it was given. One JSON object on each line of stdin, answered on stdout in any order. Ends with its stdin.
ThreadPool.SetMinThreads(32, 32);
var answers = Console.Out;
// The extension writes lines of its own.
Console.SetOut(TextWriter.Null);
// What the Functions host has in its environment for apps like ours.
Environment.SetEnvironmentVariable("FUNCTIONS_WORKER_RUNTIME", "node");
var settings = JObject.Parse(args[0]);
ExtensionHost? host = null;

while (await Console.In.ReadLineAsync() is { } line) _ = Task.Run(() => Reply(JObject.Parse(line)));
return;

async Task Reply(JObject request)
{
    var answer = new JObject { ["id"] = request["id"] };
    try
    {
        answer["result"] = await Run((string)request["op"]!);
    }
    catch (Exception error)
    {
        answer["error"] = error.ToString();
    }
    lock (answers)
    {
        answers.WriteLine(answer.ToString(Formatting.None));
        answers.Flush();
    }
}

async Task<JToken> Run(string op)
{
    switch (op)
    {
        case "start":
            host = await ExtensionHost.Start(settings);
            // What a function with a durableClient input is handed.
            return await host.ReadClientBinding();
        case "stop":
            await host!.Stop();
            return true;
        default:
            throw new ArgumentException($"no operation {op}");
    }
}
