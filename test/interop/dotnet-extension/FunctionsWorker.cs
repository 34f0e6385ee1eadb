using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace DotnetExtension;

/// <summary>The process that the functions are in, and what the Functions host makes of its answers.</summary>
public static class FunctionsWorker
{
    static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(1) };

    public static string? Url { get; set; }

    /// <param name="function">its name</param>
    /// <param name="value">what the extension hands to the trigger</param>
    /// <param name="instanceId">of the orchestration that an activity belongs to</param>
    public static async Task<object?> Call(string function, string? value, string? instanceId)
    {
        var call = new JObject { ["function"] = function, ["value"] = value, ["instanceId"] = instanceId };
        using var content = new StringContent(call.ToString(Formatting.None), Encoding.UTF8, "application/json");
        using var response = await Http.PostAsync(Url, content);
        var answer = Read(await response.Content.ReadAsStringAsync());
        if (answer["error"] is JObject error) throw new RpcException((string)error["message"]!, (string?)error["stack"]);
        return ToObject(answer["returnValue"] as JObject);
    }

    static object? ToObject(JObject? data)
    {
        if (data is null) return null;
        if (data["string"] is { } text) return (string)text!;
        if (data["json"] is { } json) return Read((string)json!);
        if (data["int"] is { } whole) return (long)whole;
        if (data["double"] is { } number) return (double)number;
        throw new NotSupportedException($"an answer of {data}");
    }

    /// <summary>Texts that look like dates stay texts.</summary>
    static JToken Read(string json) =>
        JsonConvert.DeserializeObject<JToken>(json, new JsonSerializerSettings { DateParseHandling = DateParseHandling.None })!;

    /// <summary>The text of the Functions host's own, which the extension takes apart.</summary>
    sealed class RpcException(string message, string? stack)
        : Exception($"Result: Failure\nException: {message}\nStack: {stack}");
}
