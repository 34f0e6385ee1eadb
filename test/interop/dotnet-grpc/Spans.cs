using System.Collections.Concurrent;
using System.Diagnostics;

namespace DotnetGrpc;

/// <summary>The spans of this process that have ended.</summary>
static class Spans
{
    public static readonly ActivitySource Source = new("DotnetGrpc");

    static readonly ConcurrentQueue<Activity> ended = new();

    static Spans() => ActivitySource.AddActivityListener(new ActivityListener
    {
        ShouldListenTo = source => source == Source || source.Name.StartsWith("Microsoft.DurableTask"),
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        ActivityStopped = ended.Enqueue,
    });

    public static IEnumerable<object> Of(string traceId) => ended
        .Where(span => span.TraceId.ToString() == traceId)
        .Select(span => new { name = span.DisplayName, id = span.SpanId.ToString(), parent = span.ParentSpanId.ToString() });
}
