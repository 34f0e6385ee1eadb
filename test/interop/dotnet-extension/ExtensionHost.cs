using DurableTask.Core.Settings;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.DurableTask;
using Microsoft.Azure.WebJobs.Host.Config;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Newtonsoft.Json.Linq;

namespace DotnetExtension;

/// <summary>A WebJobs host with the extension, as the Functions host configures it for a worker in another process.</summary>
sealed class ExtensionHost
{
    readonly IHost host;

    ExtensionHost(IHost host) => this.host = host;

    /// <param name="settings">connectionString, taskHub, worker (a URL) and functions: of each its name, that in the worker, and its trigger</param>
    public static async Task<ExtensionHost> Start(JObject settings)
    {
        FunctionsWorker.Url = (string)settings["worker"]!;
        var functions = FunctionTypes.Emit((JArray)settings["functions"]!);
        var builder = new HostBuilder();
        builder.ConfigureAppConfiguration(configuration => configuration.AddInMemoryCollection(
            new Dictionary<string, string?> { ["AzureWebJobsStorage"] = (string)settings["connectionString"]! }));
        builder.ConfigureLogging(logging =>
        {
            logging.ClearProviders();
            if (Environment.GetEnvironmentVariable("DOTNET_EXTENSION_LOG") is null) return;
            logging.SetMinimumLevel(LogLevel.Debug);
            logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        });
        builder.ConfigureWebJobs(jobs => jobs.AddDurableTask(options =>
        {
            options.HubName = (string)settings["taskHub"]!;
            options.UseAppLease = false;
            // Else instances of any version but the host's own are never run.
            options.VersionMatchStrategy = VersioningSettings.VersionMatchStrategy.None;
            options.StorageProvider["partitionCount"] = 2;
            options.StorageProvider["maxQueuePollingInterval"] = "00:00:00.200";
        }));
        builder.ConfigureServices(services =>
        {
            services.AddSingleton<ITypeLocator>(new OneType(functions));
            services.AddSingleton<IWebHookProvider, WebHooks>();
        });
        var host = builder.Build();
        await host.StartAsync();
        return new ExtensionHost(host);
    }

    public async Task<string> ReadClientBinding()
    {
        var jobs = host.Services.GetRequiredService<IJobHost>();
        await jobs.CallAsync(FunctionTypes.Client, new Dictionary<string, object?>());
        return ClientFunction.Binding!;
    }

    public async Task Stop()
    {
        await host.StopAsync();
        host.Dispose();
    }

    sealed class OneType(Type type) : ITypeLocator
    {
        public IReadOnlyList<Type> GetTypes() => [type];
    }

    sealed class WebHooks : IWebHookProvider
    {
        public Uri GetUrl(IExtensionConfigProvider extension) =>
            new("http://localhost:7071/runtime/webhooks/durabletask?code=SYSTEMKEY");
    }
}
