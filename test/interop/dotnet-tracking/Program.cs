// A client of the genuine library on a hub whose tables and blobs are in an account of their own.
//
//   DotnetTracking start <queues> <tracking> <hub> <prefix> <instance> <input>   makes the hub, starts and raises an event
//   DotnetTracking show  <queues> <tracking> <hub> <prefix> <instance>           waits for the end and prints it as JSON

using System.Text.Json;
using DurableTask.AzureStorage;
using DurableTask.Core;

var (what, queues, tracking, hub, prefix, instance) = (args[0], args[1], args[2], args[3], args[4], args[5]);
var settings = new AzureStorageOrchestrationServiceSettings
{
    TaskHubName = hub,
    PartitionCount = 2,
    StorageAccountClientProvider = new StorageAccountClientProvider(queues),
    TrackingServiceClientProvider = new TrackingServiceClientProvider(tracking),
};
if (prefix != "") settings.TrackingStoreNamePrefix = prefix;
var service = new AzureStorageOrchestrationService(settings);
var client = new TaskHubClient(service);

if (what == "start")
{
    await service.CreateIfNotExistsAsync();
    var started = await client.CreateOrchestrationInstanceAsync("order", "", instance, args[6]);
    await client.RaiseEventAsync(started, "reply", "from .NET");
    Console.WriteLine("started");
    return;
}
var state = await client.WaitForOrchestrationAsync(
    new OrchestrationInstance { InstanceId = instance }, TimeSpan.FromSeconds(60));
Console.WriteLine(JsonSerializer.Serialize(new { status = state?.OrchestrationStatus.ToString(), output = state?.Output }));
