using System.Text.Json;
using DotnetGrpc;

// Usage: DotnetGrpc sidecar   hosts the .NET sidecar; the operation "listen" tells its address
//        DotnetGrpc <address> is the .NET SDK, a client and a worker of the sidecar at the address
// Reads one JSON object a line: {"id", "op", ...}; answers {"id", "result"} or {"id", "error"}.

if (args is not [string target]) return 2;
await using IPeer peer = target == "sidecar" ? new SidecarHost() : new Sdk(target);
TextWriter output = Console.Out;
List<Task> running = [];
while (await Console.In.ReadLineAsync() is string line)
{
    running.RemoveAll(task => task.IsCompleted);
    running.Add(AnswerAsync(JsonDocument.Parse(line).RootElement));
}
await Task.WhenAny(Task.WhenAll(running), Task.Delay(1000));
return 0;

async Task AnswerAsync(JsonElement request)
{
    int id = request.GetProperty("id").GetInt32();
    string answer;
    try
    {
        object? result = await peer.RunAsync(request.GetProperty("op").GetString()!, request);
        answer = JsonSerializer.Serialize(new { id, result }, Json.Options);
    }
    catch (Exception exception)
    {
        // Of a failed call, its code and text are asked for.
        answer = JsonSerializer.Serialize(new { id, error = $"{exception.GetType().Name}: {exception.Message}" });
    }
    lock (output)
    {
        output.WriteLine(answer);
        output.Flush();
    }
}

/// <summary>What the program plays.</summary>
interface IPeer : IAsyncDisposable
{
    Task<object?> RunAsync(string op, JsonElement args);
}
